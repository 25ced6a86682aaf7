# Cartledger in a container; `docker compose up` puts a Postgres beside it. Not run by our own continuous integration.

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
# The queries' types are in .sqlx: no database is needed here. The caches keep dependencies built between changes.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked && cp target/release/cartledger /cartledger

FROM debian:bookworm-slim
# The machine's own certificates are what BigCommerce's and Intacct's are checked against.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --user-group --no-create-home cartledger
COPY --from=build /cartledger /usr/local/bin/cartledger
USER cartledger
WORKDIR /etc/cartledger
ENV CARTLEDGER_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
# SIGTERM finishes what is under way; `docker stop` must wait longer than the grace period.
STOPSIGNAL SIGTERM
ENTRYPOINT ["cartledger"]
CMD ["serve"]
