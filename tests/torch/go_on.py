import torch
from vae_reference import VAE, draw, loss_terms  # tests/golden/vae_reference.py

run = torch.load("vae.pth", weights_only=True)
state, adam = run["model_state_dict"], run["optimizer_state_dict"]
model = VAE(run["latent_dim"], len(run["classes"]))
model.load_state_dict(state)
heads = [*model.fc_mu.parameters(), *model.fc_logvar.parameters()]
others = [p for p in model.parameters() if all(p is not head for head in heads)]
groups = [{"params": others}, {"params": heads}] if len(adam["param_groups"]) == 2 else model.parameters()
optimizer = torch.optim.Adam(groups)
optimizer.load_state_dict(adam)

with open("data/mnist/train-images-idx3-ubyte", "rb") as file:
    images = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8, offset=16).view(-1, 1, 28, 28) / 255
for x in images[torch.randperm(len(images))].split(128):
    mu, logvar = model.encode(x)
    output = model.decode(draw(mu, logvar, torch.randn_like(mu)))
    recon, kl = loss_terms(output, x, mu, logvar, run["options"]["likelihood"])
    optimizer.zero_grad()
    (recon + run["beta"] * kl).backward()
    optimizer.step()

run |= {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
torch.save(run | {"epoch": run["epoch"] + 1}, "vae.pth")
