#!/usr/bin/env bash
# Makes the records anew, all of them or those that are named: what a change of
# the wasm engine's arithmetic asks for.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Every line is a record's name and the options of its run: those of no model to
# start from, and those of the others.
runs="
synthetic --dataset synthetic --limit 128 --batch-size 32 --epochs 2 --latent-dim 4 --lr-schedule one-cycle --likelihood bce
sprint --dataset mnist --recipe sprint
default --dataset mnist
$(deno eval 'import { MODELS } from "./tasks/shared/models.ts";
  for (const [name, { train }] of Object.entries(MODELS)) {
    console.log(name, train[0]);
  }')
"

scratch=$(mktemp -d tests/records/scratch.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
while read -r name options; do
  if [[ -z $name || ($# -gt 0 && " $* " != *" $name "*) ]]; then continue; fi
  # shellcheck disable=SC2086 -- the options are several words
  deno task --quiet train $options --no-save-plots \
    --checkpoint "$scratch/vae.safetensors" --record "tests/records/$name.json"
done <<<"$runs"
