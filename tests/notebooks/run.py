"""Executes the notebooks in Jupyter, as they are and with their exercises solved.

As they are, no cell may fail and every check says "not yet"; with the cells
tagged "exercise" replaced by the solution in their metadata, every check says
"right". Needs nbclient, a Deno and its kernel (`deno jupyter --install`).

    python tests/notebooks/run.py            # both, both ways
    python tests/notebooks/run.py --write    # keeps the outputs in the files
"""

import argparse
import base64
import copy
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_client.utils import ensure_async
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
NAMES = ["first_vae", "beta_and_kl"]

# What GitHub has to show; more makes the repository heavy.
MOST_BYTES = 400_000


# Seconds without a message after which a cell has said all it had to say.
QUIET = 0.5


class PatientClient(NotebookClient):
    """Takes the outputs that Deno's kernel (2.9.6) sends after it says "idle"."""

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        while True:
            try:
                message = await ensure_async(
                    self.kc.iopub_channel.get_msg(timeout=QUIET)
                )
            except Empty:
                return
            if message["parent_header"].get("msg_id") == parent_msg_id:
                self.process_message(message, cell, cell_index)


def solve(notebook):
    """Returns the notebook with its exercises solved."""
    solved = copy.deepcopy(notebook)
    for cell in solved.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = "".join(cell.metadata["solution"])
    return solved


def execute(notebook):
    """Fills in the outputs; returns the seconds it took."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    started = time.monotonic()
    # The folder's deno.json makes jsr:@vae/mnist this checkout.
    PatientClient(
        notebook,
        timeout=600,
        kernel_name="deno",
        resources={"metadata": {"path": str(FOLDER)}},
    ).execute()
    return time.monotonic() - started


def check_types(name, notebook):
    """Checks the cells as one module, as an editor does."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / f"{name}.ts"
        module.write_text("\n".join(cells))
        config = f"--config={FOLDER / 'deno.json'}"
        subprocess.run(["deno", "check", "--quiet", config, module], check=True)


def outputs_of(notebook):
    return [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]


def verdicts_of(notebook):
    """Lists the lines in which the checks have answered."""
    text = "".join(
        output.text for output in outputs_of(notebook) if output.output_type == "stream"
    )
    return [
        line for line in text.splitlines() if line.startswith(("right: ", "not yet: "))
    ]


def pictures_of(notebook):
    """Lists the PNG files among the outputs."""
    found = [
        output.data["image/png"]
        for output in outputs_of(notebook)
        if "image/png" in output.get("data", {})
    ]
    files = [base64.b64decode(data) for data in found]
    assert all(file.startswith(b"\x89PNG\r\n") for file in files), "no PNG"
    return files


def strip(notebook):
    """Leaves out what changes from run to run and nobody reads."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.metadata.pop("execution", None)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="keep the outputs")
    args = parser.parse_args()
    errors = []
    for name in NAMES:
        path = FOLDER / f"{name}.ipynb"
        given = nbformat.read(path, as_version=4)
        exercises = [c for c in given.cells if "exercise" in c.metadata.get("tags", [])]
        counts = {}
        for how, notebook, word in [
            ("as it is", given, "not yet: "),
            ("solved", solve(given), "right: "),
        ]:
            check_types(name, notebook)
            seconds = execute(notebook)
            verdicts, pictures = verdicts_of(notebook), pictures_of(notebook)
            counts[how] = len(verdicts), len(pictures)
            print(
                f"{name}, {how}: {seconds:.0f} s, {len(pictures)} pictures, "
                f"{len(verdicts)} checks",
                flush=True,
            )
            errors += [
                f"{name}, {how}: {line}" for line in verdicts if not line.startswith(word)
            ]
            if len(verdicts) < len(exercises) or not pictures:
                errors.append(
                    f"{name}, {how}: {len(exercises)} exercises, but {len(verdicts)} "
                    f"checks and {len(pictures)} pictures"
                )
        if counts["as it is"][0] != counts["solved"][0]:
            errors.append(f"{name}: other checks where it is solved")
        if counts["as it is"][1] >= counts["solved"][1]:
            errors.append(f"{name}: solving it brings no picture")
        strip(given)
        size = len(json.dumps(given))
        if size > MOST_BYTES:
            errors.append(f"{name}: {size} bytes with its outputs, over {MOST_BYTES}")
        if args.write:
            nbformat.write(given, path)
            subprocess.run(["deno", "fmt", "--quiet", path], check=True)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
