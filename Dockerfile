# docker build --tag tidewire .
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --profile dist --package tidewire-server

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/tidewire --create-home tidewire
COPY --from=build /src/target/dist/tidewire /usr/local/bin/tidewire
USER tidewire
WORKDIR /var/lib/tidewire
ENV TIDEWIRE_DATA_DIR=/var/lib/tidewire TIDEWIRE_LISTEN=0.0.0.0:8080
VOLUME /var/lib/tidewire
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["tidewire"]
