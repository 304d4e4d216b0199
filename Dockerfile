# Build: a static binary.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X parallax/internal/app.version=${VERSION}" -o /out/parallax ./cmd/parallax

# Run: PostgreSQL's binaries are here for the private store, which is used where no dsn is configured. The package must not
# create or start a server of its own.
FROM debian:bookworm-slim
RUN mkdir -p /etc/postgresql-common \
 && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
 && apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates=20* postgresql-15=15.* \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/parallax --create-home parallax
COPY --from=build --chown=root:root /out/parallax /usr/local/bin/parallax
COPY --chown=root:root runbooks /usr/share/doc/parallax/runbooks
COPY --chown=root:root LICENSE /usr/share/doc/parallax/LICENSE
USER 10001:10001
WORKDIR /var/lib/parallax
VOLUME /var/lib/parallax
ENTRYPOINT ["/usr/local/bin/parallax"]
CMD ["help"]
