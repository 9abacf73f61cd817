"""Swarm's own routing mesh, which needs IPVS: many kernels come without it, so Debian's is booted in an emulator, with
this machine's files as its own, read-only. Downloads 85 MB of Debian's packages once and installs nothing."""

import argparse
import gzip
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "containers")]

from engine import ROOT, run  # noqa: E402

WORK = ROOT / "target" / "mesh"
KERNEL, EMULATOR = WORK / "kernel", WORK / "emulator"
# What the first programs of the guest need to see this machine's files, and what Docker needs there.
FIRST = ["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_rng"]
THEN = "ip_vs ip_vs_rr vxlan xt_ipvs veth bridge br_netfilter overlay ip_tables iptable_nat nf_tables nft_compat nft_chain_nat xfrm_user esp4"

BEGIN = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc p /proc; $b mount -t sysfs s /sys; $b mount -t devtmpfs d /dev
for module in %(modules)s; do $b insmod /modules/$module; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 root /below || $b sh
$b mount -t tmpfs -o size=70%% t /above; $b mkdir -p /above/upper /above/work
$b mount -t overlay -o lowerdir=/below,upperdir=/above/upper,workdir=/above/work o /new
for part in proc sys dev; do $b mount --move /$part /new/$part; done
exec $b switch_root /new /bin/bash %(second)s
"""

SECOND = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t tmpfs t /run; mkdir -p /dev/shm /dev/pts; mount -t tmpfs t /dev/shm; mount -t devpts d /dev/pts
mount -t tmpfs -o mode=755 c /sys/fs/cgroup
for c in cpu cpuacct cpuset memory devices freezer blkio pids; do
  mkdir -p /sys/fs/cgroup/$c; mount -t cgroup -o $c c /sys/fs/cgroup/$c
done
mkdir -p /sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd c /sys/fs/cgroup/systemd
rm -rf /lib/modules; ln -sfn %(kernel)s/lib/modules /lib/modules
for tool in depmod modprobe lsmod insmod; do ln -sfn %(emulator)s/bin/kmod /usr/local/sbin/$tool; done
echo /usr/local/sbin/modprobe > /proc/sys/kernel/modprobe; hostname emulated; ip link set lo up
for module in %(then)s; do modprobe $module; done
# What is made later inherits it; without it IPVS takes connections and never answers.
sysctl -qw net.ipv4.ip_forward=1
# Docker's layers must not lie on an overlay.
mkdir -p %(swarm)s; mount -t tmpfs -o size=60%% t %(swarm)s
echo "   booted $(uname -r) after $(cut -d' ' -f1 /proc/uptime) s"
%(python)s -B %(job)s %(program)s
echo "MESH ENDS WITH $?"
echo o > /proc/sysrq-trigger
sleep 5
"""


def packages():
    """The kernel that Debian would install, and the emulator with all it needs: unpacked, not installed."""
    files = WORK / "packages"
    files.mkdir(parents=True, exist_ok=True)
    depends = run(["apt-cache", "depends", "linux-image-amd64"])
    kernel = re.search(r"Depends: (linux-image-\S+)", depends).group(1)
    would = ["apt-get", "install", "--print-uris", "-y", "--no-install-recommends", "qemu-system-x86"]
    more = re.findall(r"^'\S+' ([^_ ]+)_", run(would), re.MULTILINE)
    for name in [kernel, "kmod", "busybox-static", *more]:
        if not any(files.glob(f"{name}_*.deb")):
            run(["apt-get", "download", name], cwd=files, timeout=300)
    for file in files.glob("*.deb"):
        run(["dpkg", "-x", file, KERNEL if file.name.startswith("linux-image") else EMULATOR])


def first_files(version):
    """The initial files: busybox, and the modules by which the rest is reached, in their order."""
    there = KERNEL / "lib" / "modules" / version
    # One program that does what its name says; the package's own links are absolute.
    depmod = WORK / "depmod"
    depmod.unlink(missing_ok=True)
    depmod.symlink_to(EMULATOR / "bin" / "kmod")
    run([depmod, "-b", KERNEL, version])
    needs = {}
    for line in (there / "modules.dep").read_text(encoding="utf-8").splitlines():
        path, _, others = line.partition(":")
        needs[path] = others.split()
    paths = {pathlib.Path(path).stem.replace("-", "_"): path for path in needs}
    order = []

    def add(path):
        for other in reversed(needs[path]):
            add(other)
        if path not in order:
            order.append(path)

    for name in FIRST:
        add(paths[name])
    names = [f"{place:02}.ko" for place in range(len(order))]
    files = [(f"{name}/", b"") for name in "bin dev proc sys below above new modules".split()]
    files.append(("bin/busybox", (EMULATOR / "bin" / "busybox").read_bytes()))
    files += [(f"modules/{name}", (there / path).read_bytes()) for name, path in zip(names, order)]
    words = {"modules": " ".join(names), "second": WORK / "second.sh"}
    return [*files, ("init", (BEGIN % words).encode())]


def archive(files):
    """They as the kernel unpacks them (cpio, "newc")."""
    with gzip.open(WORK / "first.gz", "wb", 1) as out:
        for number, (path, data) in enumerate([*files, ("TRAILER!!!", b"")], 1):
            mode = 0o40755 if path.endswith("/") else 0o100755
            name = path.rstrip("/").encode() + b"\0"
            numbers = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
            head = b"070701" + b"".join(b"%08X" % it for it in numbers) + name
            for part in (head, data):
                out.write(part + bytes(-len(part) % 4))


def boot(seconds):
    """Answers with what the job in the machine ended."""
    libraries = f"{EMULATOR}/usr/lib/x86_64-linux-gnu:{EMULATOR}/lib/x86_64-linux-gnu"
    share = EMULATOR / "usr" / "share"
    command = [
        EMULATOR / "usr/bin/qemu-system-x86_64", "-L", share / "qemu", "-L", share / "seabios",
        "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "4096", "-smp", "2",
        "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio",
        "-kernel", next((KERNEL / "boot").glob("vmlinuz-*")), "-initrd", WORK / "first.gz",
        "-append", "console=ttyS0 panic=1", "-device", "virtio-rng-pci",
        "-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap",
    ]
    machine = subprocess.Popen(
        ["timeout", str(seconds), *map(str, command)],
        env={"LD_LIBRARY_PATH": libraries, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )
    ended = None
    with open(WORK / "log", "w", encoding="utf-8", buffering=1) as log:
        for line in machine.stdout:
            log.write(line)
            if line.startswith(("   ", "ok ", "FAIL")):
                print(line.rstrip(), flush=True)
            found = re.match(r"MESH ENDS WITH (\d+)", line)
            ended = int(found.group(1)) if found else ended
    machine.wait()
    return ended


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=ROOT / "target/release/headwater", help="[default: %(default)s]")
    parser.add_argument("--seconds", type=int, default=900, help="how long it may take [default: %(default)s]")
    words = parser.parse_args()
    begin = time.monotonic()
    packages()
    version = next((KERNEL / "lib" / "modules").iterdir()).name
    (WORK / "second.sh").write_text(
        SECOND % {
            "kernel": KERNEL, "emulator": EMULATOR, "then": THEN, "swarm": ROOT / "target" / "swarm",
            "python": sys.executable, "job": HERE / "meshed.py", "program": pathlib.Path(words.binary).resolve(),
        },
        encoding="utf-8",
    )
    archive(first_files(version))
    print(f"   Debian's {version} is ready after: {time.monotonic() - begin:.0f} s", flush=True)
    ended = boot(words.seconds)
    if ended is None:
        print(f"FAIL  mesh: the emulated machine did not come to an end; it said: {WORK / 'log'}", flush=True)
    print(f"   all of it took: {time.monotonic() - begin:.0f} s", flush=True)
    return 0 if ended == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
