"""The images that dist/images makes: as Docker would have made them, small, and startable on their machines."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

import images as bases
from binaries import EMULATORS, OUT, PATIENCE
from engine import DOCKER, ROOT, WORK, Failed, run, until
from systems import expect, get

LIMIT = 20 * 1000 * 1000
MACHINES = {"amd64": "amd64/", "arm64": "arm64/", "armv7": "arm/v7"}

# Stands in for Rust on Alpine: its cargo installs the binary that is there already.
BUILDER = """FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "/bin"]
COPY headwater /built
COPY ca-certificates.crt /etc/ssl/certs/
COPY --chown=0:0 cargo /bin/cargo
"""
CARGO = "#!/bin/sh\nmkdir -p /out/bin && cp /built /out/bin/headwater && chmod 755 /out/bin/headwater\n"


def load(engine, name):
    """The architecture's image under a name of its own: all of them come with the same one."""
    engine.docker("load", "-i", OUT / f"headwater-image-{name}.tar", timeout=PATIENCE)
    tag = f"headwater-{name}"
    engine.docker("tag", "headwater:latest", tag)
    return tag


def settings(engine, tag):
    config = json.loads(engine.docker("inspect", "-f", "{{json .Config}}", tag))
    wanted = ("User", "Env", "Labels", "WorkingDir", "Volumes", "Healthcheck", "Entrypoint", "Cmd", "ExposedPorts")
    return {key: config.get(key) for key in wanted}


def files(engine, tag):
    container = engine.docker("create", tag).strip()
    try:
        exported = subprocess.run([DOCKER, "export", container], capture_output=True, check=True).stdout
    finally:
        engine.docker("rm", "-v", container)
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        return {
            entry.name: (
                oct(entry.mode), entry.uid, entry.gid, entry.type,
                hashlib.sha256(archive.extractfile(entry).read()).hexdigest() if entry.isreg() else None,
            )
            for entry in archive
        }


def equal(engine, names):
    """What dist/images reads in the Dockerfile is what Docker reads in it."""
    name = names[0]

    def fill(context):
        shutil.copy2("/bin/busybox", context / "busybox")
        shutil.copy2(OUT / f"headwater-linux-{name}", context / "headwater")
        shutil.copy2("/etc/ssl/certs/ca-certificates.crt", context / "ca-certificates.crt")
        (context / "cargo").write_text(CARGO, encoding="utf-8")
        os.chmod(context / "cargo", 0o755)

    recipe = f"{BUILDER}# {hashlib.sha256((OUT / f'headwater-linux-{name}').read_bytes()).hexdigest()}\n"
    bases.build(engine, "headwater-test/built", recipe, fill)
    replaced = [f"--build-arg={which}=headwater-test/built" for which in ("BUILD_IMAGE", "TOOLS_IMAGE")]
    engine.docker("build", "-q", "-t", "by-docker", "--target", "headwater", *replaced, ROOT, timeout=PATIENCE)
    ours = load(engine, name)
    for what in (settings, files):
        theirs, made = what(engine, "by-docker"), what(engine, ours)
        differ = {key for key in {**theirs, **made} if theirs.get(key) != made.get(key)}
        told = "\n".join(f"{key}: Docker {theirs.get(key)}, dist/images {made.get(key)}" for key in sorted(differ))
        expect(f"{what.__name__} differ:\n{told}", not differ)


def small(engine, names):
    """Each is as small as an image has to be; binaries that are hardly optimised are not."""
    sizes = {name: int(engine.docker("inspect", "-f", "{{.Size}}", load(engine, name))) for name in names}
    print("   " + ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items()), flush=True)
    expect(f"{LIMIT} bytes are allowed, and there are {sizes}", max(sizes.values()) <= LIMIT)


def start(engine, names):
    """Each image serves from `scratch`. The emulator is the first program in those of other machines."""
    for name in names:
        tag = load(engine, name)
        machine = engine.docker("inspect", "-f", "{{.Architecture}}/{{.Variant}}", tag).strip()
        expect(f"{name} is for {machine}", machine == MACHINES[name])
        container = f"headwater-start-{name}"
        words = ["run", "-d", "--name", container, "--read-only", "--cap-drop", "ALL", "-p", "127.0.0.1::5000"]
        service = ["run", "producer", "--stack", "numbers"]
        emulator = EMULATORS[name]
        if emulator:
            words += ["-v", f"{emulator}:/emulator:ro", "--entrypoint", "/emulator", tag, "/headwater", *service]
        else:
            words += [tag, *service]
        engine.docker(*words, timeout=PATIENCE)
        try:
            port = engine.docker("port", container, "5000").split()[0].rpartition(":")[2]
            answer, _ = until(
                f"{name} answers", lambda: get(f"http://127.0.0.1:{port}/number"), PATIENCE
            )
            expect(f"{name}: {answer}", answer[0] == 200 and 1 <= json.loads(answer[1])["number"] <= 180)
            if not emulator:
                until(
                    "Docker calls it healthy",
                    lambda: engine.inspect(container)["State"]["Health"]["Status"] == "healthy",
                    PATIENCE,
                )
        except Failed as failed:
            raise Failed(f"{failed}\n{engine.docker('logs', container)}") from failed
        finally:
            engine.docker("rm", "-f", "-v", container)


def carried(engine, names):
    """An image that is saved and loaded again, as between two nodes, is the same one under its name."""
    for name in names:
        tag = load(engine, name)
        before = engine.docker("inspect", "-f", "{{.Id}}", tag)
        file = WORK / "carried.tar"
        engine.docker("save", "-o", file, tag, timeout=PATIENCE)
        for known in json.loads(engine.docker("inspect", "-f", "{{json .RepoTags}}", tag)):
            engine.docker("rmi", known)
        engine.docker("load", "-i", file, timeout=PATIENCE)
        file.unlink()
        expect(f"{name} is another one", engine.docker("inspect", "-f", "{{.Id}}", tag) == before)


def together(engine, names):
    """The archive of all architectures is read by containerd, which Docker's own image store is made of."""
    socket = engine.home / "exec" / "containerd" / "containerd.sock"
    ctr = ["ctr", "--address", socket, "--namespace", "headwater-test", "images"]
    run([*ctr, "import", "--all-platforms", OUT / "headwater-images.tar"], timeout=PATIENCE)
    listed = next(line for line in run([*ctr, "ls"]).splitlines() if "/headwater:latest" in line)
    for name in names:
        platform = f"linux/{MACHINES[name].rstrip('/')}"
        expect(f"{platform} is not in {listed}", platform in listed)
    expect(listed, "application/vnd.oci.image.index.v1+json" in listed)
