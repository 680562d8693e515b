// deno run --allow-read=. --allow-write=. --allow-env train_tfjs.ts [STEPS]
import * as vae from "jsr:@vae/mnist";
import * as tf from "npm:@tensorflow/tfjs@4.22.0"; // as the package has it

const [steps = 500] = Deno.args.map(Number);
const { train } = await vae.syntheticDataset({ limit: 32 * steps, valSize: 0 });
await vae.useTfBackend();
const model = new vae.VAE({ latentDim: 8 });
const adam = tf.train.adam(0.001);
for (let step = 0; step < steps; step++) {
  const first = 32 * 784 * step;
  const x = vae.imageTensor(train.images.subarray(first, first + 32 * 784));
  const beta = Math.min(1, 2 * step / steps);
  const negativeElbo = () => {
    const { mu, logvar, output } = model.forward(x, { training: true });
    const error = tf.squaredDifference(output, x).sum();
    const kl = mu.square().add(logvar.exp()).sub(1).sub(logvar).sum().div(2);
    return error.add(kl.mul(beta)).div(32).asScalar();
  };
  const loss = adam.minimize(negativeElbo, true, model.variables)!;
  console.log(`step ${step + 1}: ${(await loss.data())[0].toFixed(1)}`);
  tf.dispose([x, loss]);
}
await model.save("vae.safetensors");
