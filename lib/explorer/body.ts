/**
 * What stands on the page before its program runs.
 *
 * @module
 */

import type { Credit } from "../dataset/mnist.ts";
import type { ModelOptions } from "../model/spec.ts";

/** What the pictures of a data set show. */
export type Subject = keyof typeof WORDS;

const WORDS = {
  digits: {
    of: "handwritten digits",
    ...{ one: "digit", many: "digits", unreal: "Digits nobody wrote" },
  },
  hiragana: {
    of: "handwritten hiragana",
    ...{ one: "character", many: "characters" },
    unreal: "Characters nobody wrote",
  },
  clothes: {
    of: "clothes",
    ...{ one: "picture", many: "pictures", unreal: "Clothes nobody made" },
  },
  pictures: {
    of: "pictures",
    ...{ one: "picture", many: "pictures", unreal: "Pictures nobody made" },
  },
};

/** The page's title. */
export function titleOf(subject: Subject): string {
  return `A latent space of ${WORDS[subject].of}`;
}

/**
 * The page's elements; those with an id are the program's. What has the class
 * `conditional` is shown with models that are told of classes.
 */
export function bodyOf(
  subject: Subject,
  { autoencoder, hasKl, hasMap }: Pick<ModelOptions, "autoencoder"> & {
    readonly hasKl: boolean;
    readonly hasMap: boolean;
  },
  credit?: Credit,
): string {
  const { of, one, many, unreal } = WORDS[subject];
  const isDigits = subject === "digits";
  const kind = autoencoder ? "an <em>autoencoder</em>" : "a <em>β-VAE</em>";
  return `<header>
<p class="name">@vae/mnist</p>
<h1>A space of ${of}</h1>
<p class="lead">A neural network, ${kind}, has learned to write each
picture${isDigits ? " of a digit" : ""} as a handful of numbers <i>z</i>, and to
draw the picture again from those numbers alone. Every point of this
<em>latent space</em> is a picture, and nearby points are similar pictures. Move
about in it: nothing here is stored, each ${one} is drawn by the network as you
ask for it.</p>
<p class="conditional">This network is told the class of each picture, when it
reads and when it draws. So the numbers need not say what is shown, only how:
choose another class, and the same numbers are drawn as that.</p>
<p class="now"><span id="description">Loading the model…</span>
<button type="button" id="back" hidden>Back to the original</button></p>
</header>
<noscript><p>This page runs the model in JavaScript, which is turned off
here.</p></noscript>
<main>
<aside aria-label="The ${one} at the current point">
<canvas id="digit" width="28" height="28" role="img" aria-label="The ${one} that the network draws at the current point"></canvas>
<div class="tools">
<label class="conditional">Class <select id="class"></select></label>
<button type="button" id="random">Random</button>
<button type="button" id="reset">Reset</button>
<button type="button" id="save-digit">Save PNG</button>
<p id="status" role="status" aria-live="polite"></p>
</div>
</aside>
<div class="sections">
<section aria-labelledby="h-sliders">
<h2 id="h-sliders">Turn one number at a time</h2>
<p>Each slider is one number of <i>z</i>. ${
    autoencoder
      ? `The numbers on top vary most from ${one} to ${one}.`
      : hasKl
      ? `The <b>KL</b> beside it is how much the
network tells through it, in nats of 1.44 bits: the numbers on top shape the
${one}, those near zero were left unused.`
      : `How much the network that this page was made for
tells through each is not known: no pictures were at hand.`
  }</p>
<div id="sliders" role="group" aria-labelledby="h-sliders"></div>
<button type="button" id="show-all" hidden></button>
</section>
<section aria-labelledby="h-pad">
<h2 id="h-pad">Draw a ${one}</h2>
<p>It is ${
    isDigits
      ? "centred and scaled as the training digits were"
      : "scaled to 28 by 28 pixels"
  }, then encoded. The sliders jump to what the network sees in it${
    autoencoder ? "" : "; the bars below their tracks show\nhow sure it is, ±σ"
  }.</p>
<p class="conditional" id="pad-class"></p>
<div class="pad">
<figure><canvas id="pad" width="280" height="280" role="img" aria-label="Drawing pad: draw with mouse, pen or finger, or choose a sample below"></canvas>
<figcaption>Draw here</figcaption></figure>
<figure><canvas id="pad-input" width="28" height="28" role="img" aria-label="What the network is given: your drawing in 28 by 28 pixels"></canvas>
<figcaption>What it is given</figcaption></figure>
<figure><canvas id="pad-reconstruction" width="28" height="28" role="img" aria-label="What the network draws again from its numbers"></canvas>
<figcaption>What it draws again</figcaption></figure>
</div>
<div class="tools">
<button type="button" id="pad-clear">Clear</button>
<button type="button" id="pad-encode" class="conditional" disabled></button>
<label>or use a sample <select id="pad-example"></select></label>
</div>
</section>
<section aria-labelledby="h-map">
<h2 id="h-map">See the space from above</h2>
<p id="map-help">${
    hasMap
      ? `Each dot is a picture that the network has encoded, seen along
two of its numbers.`
      : `Two of the numbers span a plane. Of the network that this page was made
for it has no dots: no pictures were at hand.`
  } Click or drag, or use the arrow keys, to be drawn what lies
there; the grid beside it shows the ${many} all over the same plane.
${
    hasMap
      ? `<span class="conditional">A dot that you click on gives its class, too;
those of the chosen class stand out.</span>`
      : ""
  }</p>
<div class="tools">
<label>Across <select id="map-x"></select></label>
<label>Up <select id="map-y"></select></label>
</div>
<div class="planes">
<figure><canvas id="map" tabindex="0" role="application" aria-roledescription="map" aria-label="Map of the latent space" aria-describedby="map-help"></canvas>
<figcaption id="legend"></figcaption></figure>
<figure><canvas id="manifold" role="img" aria-label="The ${many} that the network draws over the same plane"></canvas>
<figcaption>What the network draws there, the other numbers as they
are</figcaption></figure>
</div>
<h3>Walk from A to B</h3>
<p>Halfway between two ${many} lies a third. Keep the current point as A or B
(or shift-click the map), and play the way between them.</p>
<canvas id="strip" role="img" aria-label="Nine ${many} on the way from A to B"></canvas>
<div class="tools">
<button type="button" id="set-a">Set A</button>
<button type="button" id="set-b">Set B</button>
<button type="button" id="play">Play</button>
</div>
</section>
<section aria-labelledby="h-samples">
<h2 id="h-samples">${unreal}</h2>
<p>Draw <i>z</i> at random, and the network draws a ${one}. A low temperature
keeps to the middle of the space, a high one leaves the beaten track. Choose a
${one} to go where it is.</p>
<div id="samples" role="group" aria-labelledby="h-samples"></div>
<div class="tools">
<button type="button" id="new-samples">New samples</button>
<button type="button" id="save-samples">Save PNG</button>
<label class="conditional">Samples of <select id="sample-classes">
<option value="one">the chosen class</option>
<option value="all">every class, with the same z</option></select></label>
<label class="wide">Temperature <input type="range" id="temperature" min="0" max="2" step="0.05" value="1">
<output id="temperature-value">1.00</output></label>
</div>
</section>
<section aria-labelledby="h-train">
<h2 id="h-train">Train one yourself</h2>
<p>A new network, from random weights, on digits drawn by this page; all of it
on your machine. <b>β</b> is the price of a nat: a high one leaves few numbers in
use, a low one sharper pictures and a rougher space. Told which digit it sees,
the network keeps its numbers for how that is written.</p>
<div class="tools">
<label>Numbers in <i>z</i> <select id="train-dim"><option>2</option>
<option>4</option><option selected>8</option><option>12</option></select></label>
<label>β <select id="train-beta"><option>0.25</option><option selected>1</option>
<option>4</option></select></label>
<label><input type="checkbox" id="train-conditional"> Tell it the digit</label>
<button type="button" id="train" class="main">Train</button>
<button type="button" id="explore-trained" disabled>Explore this model</button>
</div>
<p id="train-status">Not started.</p>
<div class="training" id="training" hidden>
<figure><canvas id="train-curves" role="img" aria-label="Loss curves"></canvas>
<figcaption><span class="key first">training</span> <span class="key second">held
out</span> loss per digit</figcaption></figure>
<figure><canvas id="train-samples" role="img" aria-label="Samples of the network in training"></canvas>
<figcaption>The same sixteen points, as it learns</figcaption></figure>
</div>
</section>
</div>
</main>
<footer><p>Made with <b>@vae/mnist</b>, a β-VAE toolkit for Deno. <span id="engine"></span>
This file holds the model and its engine, and sends nothing anywhere.</p>${
    credit ? `\n<p>${creditText(credit)}</p>` : ""
  }</footer>`;
}

/** Names the images, whose they are and on what terms; the page links nowhere. */
function creditText({ title, authors, url, license }: Credit): string {
  return `Trained on ${title} by ${authors} (${url}), licence ${license}.`;
}
