import torch
from vae_reference import VAE, draw, loss_terms  # tests/golden/vae_reference.py

run = torch.load("vae.pth", weights_only=True)
state, adam, options = run["model_state_dict"], run["optimizer_state_dict"], run["options"]
usual = {"autoencoder": False, "objective": "elbo", "draws": 1, "klGradient": "analytic", "freeBits": 0, "capacity": 0,
         "binarize": "none"}
if others := [f"{name} {options[name]}" for name, value in usual.items() if options[name] != value]:
    raise SystemExit(f"go_on.py trains with the ELBO alone, and vae.pth has {', '.join(others)}")
model = VAE(run["latent_dim"], len(run["classes"]))
model.load_state_dict(state)
heads = [*model.fc_mu.parameters(), *model.fc_logvar.parameters()]
others = [p for p in model.parameters() if all(p is not head for head in heads)]
groups = [{"params": others}, {"params": heads}] if len(adam["param_groups"]) == 2 else model.parameters()
optimizer = torch.optim.Adam(groups)
optimizer.load_state_dict(adam)


def idx(name, offset):
    with open(f"data/mnist/train-{name}-ubyte", "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8, offset=offset)


images = idx("images-idx3", 16).view(-1, 1, 28, 28)
labels = idx("labels-idx1", 8) if run["classes"] else torch.zeros(len(images))
sums = torch.zeros(2 + run["latent_dim"])
for rows in torch.randperm(len(images)).split(options["batchSize"]):
    x, y = images[rows] / 255, labels[rows]
    mu, logvar = model.encode(x, y)
    output = model.decode(draw(mu, logvar, torch.randn_like(mu)), y)
    recon, kl = loss_terms(output, x, mu, logvar, options["likelihood"])
    optimizer.zero_grad()
    (recon + run["beta"] * kl).backward()
    optimizer.step()
    kls = -0.5 * (1 + logvar - mu**2 - logvar.exp()).mean(dim=0)
    sums += len(x) / len(images) * torch.stack([recon, kl, *kls]).detach()

recon, kl, *kls = sums.tolist()
epoch = int(run["epoch"]) + 1  # a part of one is not counted
record = {"epoch": epoch, "step": int(optimizer.state_dict()["state"][0]["step"]), "beta": run["beta"], "capacity": 0,
          "train": {"total": recon + run["beta"] * kl, "reconstruction": recon, "kl": kl}, "validation": None,
          "klPerDimension": kls}
run |= {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "epoch": epoch}
run |= {"partial": None, "history": [*(r for r in run["history"] if r["epoch"] < epoch and r["epoch"] % 1 == 0), record]}
torch.save(run, "vae.pth")
