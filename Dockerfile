# Two images from one build: `headwater`, one static binary and nothing else, and `tools`, the same binary
# beside a small shell for people who want to look around.
#
#   docker build -t headwater .
#   docker build -t headwater:tools --target tools .
#
# Both run as user 65532, keep everything durable below /data, and need nothing writable elsewhere.

# Rust on Alpine is Rust on musl, whose programs need no library at run time. Another image with a toolchain
# will do as long as what it builds is static.
ARG BUILD_IMAGE=rust:1.95-alpine
ARG TOOLS_IMAGE=busybox:1.37

FROM ${BUILD_IMAGE} AS build
# The C compiler is for SQLite, the assembler in it for ring.
RUN if command -v apk >/dev/null; then apk add --no-cache build-base ca-certificates; fi
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY crates crates
COPY src src
COPY stacks stacks
RUN cargo install --locked --no-track --path . --bin headwater --root /out
# Directories that a fresh volume takes its owner from. /shared-data/results is there because Docker cannot make
# a mount point inside a read-only mount.
RUN mkdir -p /empty /shared-data/results

FROM ${TOOLS_IMAGE} AS tools
COPY --from=build /out/bin/headwater /headwater
# Whom to trust by TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /empty /app
COPY --from=build --chown=65532:65532 /empty /data
COPY --from=build --chown=65532:65532 /shared-data /shared-data
ENV PATH=/:/bin:/usr/bin:/sbin:/usr/sbin \
    HEADWATER_BIND=0.0.0.0 \
    HEADWATER_DATA=/data
WORKDIR /app
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s CMD ["/headwater", "health"]
ENTRYPOINT ["/headwater"]
CMD ["--help"]

# dist/images reads this stage, to make the same image for other machines.
FROM scratch AS headwater
COPY --from=build /out/bin/headwater /headwater
# Whom to trust by TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /empty /app
COPY --from=build --chown=65532:65532 /empty /data
COPY --from=build --chown=65532:65532 /shared-data /shared-data
ENV HEADWATER_BIND=0.0.0.0 \
    HEADWATER_DATA=/data
WORKDIR /app
USER 65532:65532
VOLUME /data
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s CMD ["/headwater", "health"]
LABEL org.opencontainers.image.title="Headwater" \
      org.opencontainers.image.description="Runs the services between where data is made and where it is used, and loses nothing on the way" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
ENTRYPOINT ["/headwater"]
CMD ["--help"]
