"""Images without a registry: what the Dockerfiles name, made from Debian's packages under the same names."""

import hashlib
import pathlib
import shutil

from engine import ROOT, WORK, Failed, NoEngine, any_port, run

POSTGRES_ENTRY = """#!/bin/sh
# Sets the database up at the first start, as the public image does, then serves.
set -e
data=/var/lib/postgresql/data
bin=$(echo /usr/lib/postgresql/*/bin)
mkdir -p /var/run/postgresql && chown postgres /var/run/postgresql
if [ ! -s $data/PG_VERSION ]; then
  chown postgres $data && chmod 700 $data
  pw=$(mktemp) && printf %s "$POSTGRES_PASSWORD" > $pw && chown postgres $pw
  setpriv --reuid postgres --regid postgres --init-groups \
    $bin/initdb -D $data -U "$POSTGRES_USER" --pwfile=$pw --auth=scram-sha-256 >/dev/null
  echo "host all all all scram-sha-256" >> $data/pg_hba.conf
  as="setpriv --reuid postgres --regid postgres --init-groups"
  $as $bin/pg_ctl -D $data -o "-c listen_addresses=''" -w start >/dev/null
  export PGPASSWORD=$POSTGRES_PASSWORD
  $bin/createdb -h /var/run/postgresql -U "$POSTGRES_USER" "$POSTGRES_DB" 2>/dev/null || true
  for script in /docker-entrypoint-initdb.d/*.sql; do
    $bin/psql -h /var/run/postgresql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v ON_ERROR_STOP=1 -f "$script"
  done
  $as $bin/pg_ctl -D $data -w stop >/dev/null
fi
exec setpriv --reuid postgres --regid postgres --init-groups $bin/postgres -D $data -c listen_addresses='*'
"""

POSTGRES = """FROM headwater-test/debian
ENV PATH=/usr/lib/postgresql/%(version)s/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY entry /entry
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "/entry"]
"""

REDIS = """FROM headwater-test/debian
ENTRYPOINT ["redis-server", "--protected-mode", "no", "--save", ""]
"""

BUSYBOX = """FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "/bin"]
CMD ["sh"]
"""

TOOLCHAIN = """FROM headwater-test/debian
COPY toolchain /usr/local
COPY registry /usr/local/cargo/registry
ENV CARGO_HOME=/usr/local/cargo CARGO_NET_OFFLINE=true CARGO_BUILD_TARGET=%(target)s %(profile)s \\
    RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \\
    PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""

# Not optimised at all, in a third of the time.
QUICK = (
    "CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=0"
)

PACKAGES = "gcc,libc6-dev,ca-certificates,postgresql,redis-server"


def have(engine, tag, recipe):
    """Whether this very image is there already: its recipe is its label."""
    try:
        label = engine.docker("inspect", "-f", '{{index .Config.Labels "recipe"}}', tag)
    except Failed:
        return False
    return label.strip() == recipe


def recipe_of(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def build(engine, tag, dockerfile, fill=None):
    recipe = recipe_of(dockerfile)
    if have(engine, tag, recipe):
        return
    context = WORK / "context"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir(parents=True)
    (context / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    if fill:
        fill(context)
    engine.docker("build", "-q", "-t", tag, "--label", f"recipe={recipe}", context, timeout=600)
    shutil.rmtree(context)


def debian(engine):
    """Debian's own packages as an image; the host's package sources are used."""
    recipe = recipe_of(PACKAGES)
    if have(engine, "headwater-test/debian", recipe):
        return
    release = dict(
        line.split("=", 1)
        for line in pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
        if "=" in line
    )["VERSION_CODENAME"].strip('"')
    etc = pathlib.Path("/etc/apt")
    sources = [etc / "sources.list", *etc.glob("sources.list.d/*.sources"), *etc.glob("sources.list.d/*.list")]
    archive = WORK / "debian.tar"
    run(
        ["mmdebstrap", "--variant=apt", f"--include={PACKAGES}", release, archive,
         *[path for path in sources if path.exists()]],
        timeout=900,
    )
    engine.docker(
        "import", "--change", f"LABEL recipe={recipe}", archive, "headwater-test/debian", timeout=300
    )
    archive.unlink()


def link_tree(source, target):
    """A copy by hard links where the file system can."""
    try:
        run(["cp", "-al", source, target], timeout=300)
    except Failed:
        run(["cp", "-a", source, target], timeout=600)


def toolchain(context):
    """Rust as it is installed here, without its documentation, and the sources that Cargo.lock names."""
    sysroot = pathlib.Path(run(["rustc", "--print", "sysroot"], cwd=ROOT).strip())
    (context / "toolchain" / "bin").mkdir(parents=True)
    for program in ("rustc", "cargo"):
        shutil.copy2(sysroot / "bin" / program, context / "toolchain" / "bin")
    link_tree(sysroot / "lib", context / "toolchain" / "lib")
    home = WORK / "cargo"
    run(["cargo", "fetch", "--locked"], env={"CARGO_HOME": str(home)}, cwd=ROOT, timeout=600)
    (context / "registry").mkdir()
    for part in ("cache", "index"):
        link_tree(home / "registry" / part, context / "registry" / part)


def postgres(context):
    (context / "entry").write_text(POSTGRES_ENTRY, encoding="utf-8")


def busybox(context):
    shutil.copy2("/bin/busybox", context / "busybox")


def bases(engine):
    """What stands in for a registry."""
    build(engine, "busybox:1.37", BUSYBOX, busybox)
    try:
        # An engine that answers may still be one that is not allowed to start anything, or has no network.
        engine.docker("run", "--rm", "-p", f"{any_port()}:80", "busybox:1.37", "true")
    except Failed as failed:
        raise NoEngine(str(failed)) from failed
    debian(engine)
    version = run(["sh", "-c", "ls /usr/lib/postgresql | sort -n | tail -1"]).strip()
    recipe = POSTGRES % {"version": version} + f"# {recipe_of(POSTGRES_ENTRY)}\n"
    build(engine, "postgres:13", recipe, postgres)
    build(engine, "redis:alpine", REDIS)


def product(engine):
    """The repository's own Dockerfile, both of its images."""
    host = next(
        line.split()[1]
        for line in run(["rustc", "-vV"], cwd=ROOT).splitlines()
        if line.startswith("host:")
    )
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    words = {"target": host, "profile": QUICK if engine.is_quick else ""}
    recipe = TOOLCHAIN % words + f"# {recipe_of(lock)}\n"
    build(engine, "headwater-test/rust", recipe, toolchain)
    # Under the public one's name, so that `docker-compose up --build` finds it too.
    engine.docker("tag", "headwater-test/rust", "rust:1.95-alpine")
    for tag, target in (("headwater:tools", "tools"), ("headwater:latest", "headwater")):
        engine.docker("build", "-q", "-t", tag, "--target", target, ROOT, timeout=3000)
