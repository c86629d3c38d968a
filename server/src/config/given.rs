//! The texts of all settings and where each one came from.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    path::Path,
};

use config::{Config, ConfigError, File, FileFormat, Source as _};

use super::command_line::{CommandLine, KEYS, Key};

const DEFAULT_FILE: &str = "tidewire.toml";

/// Why the server cannot start as it is configured, in one line and without any value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {fault}; expected {expected}")]
pub struct Wrong {
    key: String,
    fault: String,
    expected: &'static str,
}

impl Wrong {
    pub(super) fn new(key: &str, fault: &str, expected: &'static str) -> Self {
        Self { key: key.to_owned(), fault: fault.to_owned(), expected }
    }
}

/// What was given for each setting.
pub struct Given(BTreeMap<&'static str, Text>);

struct Text {
    value: String,
    from: From,
}

enum From {
    Environment,
    File(String),
}

impl Given {
    /// Gathers what the command line, the environment and the file say.
    pub fn gather(command_line: CommandLine) -> Result<Self, Wrong> {
        let mut texts = match &command_line.file.config {
            Some(path) => read_file(path, true)?,
            None => read_file(Path::new(DEFAULT_FILE), false)?,
        };
        for (key, value) in command_line.flags.into_texts() {
            texts.insert(key.name, Text { value, from: From::Environment });
        }
        Ok(Self(texts))
    }

    /// The value of a setting that always has one.
    pub(super) fn read<T>(
        &self,
        key: &'static Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Wrong> {
        let text = self.0.get(key.name);
        let value = text.map_or(key.default, |text| text.value.trim());
        parse(value).map_err(|fault| {
            let name = text.map_or_else(|| key.variable.to_owned(), |text| text.name(key));
            Wrong::new(&name, &fault, key.expected)
        })
    }

    /// The value of a setting that may have none.
    pub(super) fn optional<T>(
        &self,
        key: &'static Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Wrong> {
        if self.0.contains_key(key.name) { self.read(key, parse).map(Some) } else { Ok(None) }
    }
}

impl Text {
    /// The setting as its author wrote it.
    fn name(&self, key: &Key) -> String {
        match &self.from {
            From::Environment => key.variable.to_owned(),
            From::File(path) => format!("{} in {path}", key.name),
        }
    }
}

/// One line for each setting, with its value unless that is a secret.
impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in KEYS {
            let (value, from) = match self.0.get(key.name) {
                Some(_) if key.is_secret => ("(not shown)", self.0[key.name].name(key)),
                Some(text) => (text.value.as_str(), text.name(key)),
                None => (key.default, "default".to_owned()),
            };
            let mut line = format!("{:<28}{value:<24}", key.name);
            write!(line, "({from})")?;
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

fn read_file(path: &Path, must_exist: bool) -> Result<BTreeMap<&'static str, Text>, Wrong> {
    let name = path.display().to_string();
    if !must_exist && !path.exists() {
        return Ok(BTreeMap::new());
    }
    let table = Config::builder()
        .add_source(File::from(path).format(FileFormat::Toml))
        .build()
        .and_then(|file| file.collect())
        .map_err(|error| unreadable(&name, &error))?;
    let mut texts = BTreeMap::new();
    for (written, value) in table {
        let Some(key) = KEYS.iter().find(|key| key.name == written) else {
            let fault = "there is no such setting";
            return Err(Wrong::new(
                &format!("{written} in {name}"),
                fault,
                "one that --help lists",
            ));
        };
        let from = From::File(name.clone());
        let value = plain(value).ok_or_else(|| {
            Wrong::new(&format!("{written} in {name}"), "is neither text nor a list", key.expected)
        })?;
        texts.insert(key.name, Text { value, from });
    }
    Ok(texts)
}

/// A list reads as its members with commas between them.
fn plain(value: config::Value) -> Option<String> {
    if let config::ValueKind::Array(members) = value.kind {
        let members: Option<Vec<_>> = members.into_iter().map(plain).collect();
        return members.map(|members| members.join(","));
    }
    value.into_string().ok()
}

/// Names the place but quotes nothing: the line in question may hold a password.
fn unreadable(name: &str, error: &ConfigError) -> Wrong {
    let fault = match error {
        ConfigError::FileParse { cause, .. } => {
            cause.to_string().lines().next().unwrap_or_default().to_owned()
        }
        _ => "cannot be read".to_owned(),
    };
    Wrong::new(name, &fault, "a readable file of lines such as listen = \"127.0.0.1:8080\"")
}
