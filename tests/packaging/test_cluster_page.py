"""What docs/cluster.md and the Containerfile tell people to type can be typed: no cluster and no
container is at hand where tests run."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from lenscal.commands.parser import build_parser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
CONTAINERFILE = (ROOT / "packaging" / "Containerfile").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    return [shlex.split(line.replace("$(hostname)", "host"), comments=True) for line in lines]


def dask_words() -> list[list[str]]:
    """Of command lines, and of the containers of the cluster's description."""
    yaml = pytest.importorskip("yaml")
    (cluster,) = (yaml.safe_load(block) for block in blocks("yaml"))
    parts = [cluster["spec"][name]["spec"]["containers"] for name in ("worker", "scheduler")]
    inside = [container["args"] for part in parts for container in part]
    return [*(words for words in commands() if words[0] == "dask"), *inside]


def test_lenscals_commands_can_be_parsed() -> None:
    own = [words[1:] for words in commands() if words[0] == "lenscal"]
    assert len(own) == 3
    for words in own:
        args = build_parser().parse_args(words)
        assert args.scheduler.startswith("tcp://") and args.scheduler.endswith(":8786")


def test_dask_knows_the_options() -> None:
    pytest.importorskip("distributed")
    from distributed.cli import dask_scheduler, dask_worker

    known = {"worker": dask_worker.main, "scheduler": dask_scheduler.main}
    seen = set()
    for program, part, *words in dask_words():
        assert program == "dask"
        options = {name for option in known[part].params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= options
        seen.add(part)
    assert seen == set(known)


def test_the_workers_of_kubernetes_are_those_that_the_operator_names() -> None:
    yaml = pytest.importorskip("yaml")
    (cluster,) = (yaml.safe_load(block) for block in blocks("yaml"))
    spec, name = cluster["spec"], cluster["metadata"]["name"]
    assert "$(DASK_WORKER_NAME)" in spec["worker"]["spec"]["containers"][0]["args"]
    assert spec["scheduler"]["service"]["selector"]["dask.org/cluster-name"] == name
    (port,) = spec["scheduler"]["service"]["ports"]
    (container,) = spec["scheduler"]["spec"]["containers"]
    assert port["targetPort"] in {each["name"] for each in container["ports"]}
    mounts = spec["worker"]["spec"]["containers"][0]["volumeMounts"]
    assert {m["name"] for m in mounts} == {v["name"] for v in spec["worker"]["spec"]["volumes"]}
    # The service that the operator makes of them.
    assert f"tcp://{name}-scheduler:{port['port']}" in PAGE


def test_the_script_for_slurm_is_python() -> None:
    (script,) = blocks("python")
    calls = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)]
    (cluster,) = (call for call in calls if ast.unparse(call.func) == "SLURMCluster")
    assert {"queue", "cores", "memory", "walltime"} <= {word.arg for word in cluster.keywords}


def test_the_container_takes_what_is_there_and_locked() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (.+)$", CONTAINERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert "packaging/requirements-cluster.lock" in copied
    assert all((ROOT / source).exists() for source in copied)
    # A layer of its own: locks leave out torch, of which each computer needs another build.
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (torch,) = re.findall(r"torch==[\d.]+", CONTAINERFILE)
    assert f'"{torch}"' in project
    assert "packaging/Containerfile" in PAGE
