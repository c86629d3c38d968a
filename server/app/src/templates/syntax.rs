//! The syntax of templates: `{{name}}`, `{{#if name}}…{{else}}…{{/if}}`, and in digests
//! `{{#each items}}` with `{{items.field}}`. Whatever is wrong is told with its line and column.

use tidewire_protocol::limits::TEMPLATE_DEPTH_MAX;

use super::TemplateId;

/// Why a template is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    UnclosedTag,
    RawOutput,
    UnknownTag,
    UnknownVariable,
    UnclosedBlock,
    NotOpen,
    TooDeep,
    EachElsewhere,
    LineBreak,
    Script,
    EventAttribute,
    ScriptLink,
    Link,
    Place,
    Markup,
    RequiredMissing,
    TooMuch,
}

impl Reason {
    /// For programs, and for people.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::UnclosedTag => ("unclosed_tag", "A tag begins here and does not end."),
            Self::RawOutput => ("raw_output", "There is no output without escaping."),
            Self::UnknownTag => ("unknown_tag", "There is no such tag."),
            Self::UnknownVariable => ("unknown_variable", "There is no such variable here."),
            Self::UnclosedBlock => ("unclosed_block", "This block is not closed."),
            Self::NotOpen => ("not_open", "No such block is open here."),
            Self::TooDeep => ("too_deep", "Blocks stand in one another five deep at most."),
            Self::EachElsewhere => {
                ("each_elsewhere", "Only a digest has items, and no loop stands in another.")
            }
            Self::LineBreak => ("line_break", "A subject is one line."),
            Self::Script => ("script", "Scripts cannot be sent."),
            Self::EventAttribute => {
                ("event_attribute", "Attributes that run scripts cannot be sent.")
            }
            Self::ScriptLink => ("script_link", "Links lead to http, https and mailto."),
            Self::Link => ("link", "In href, a variable is a URL and stands alone."),
            Self::Place => ("place", "Tags stand in text, and variables also in href."),
            Self::Markup => ("markup", "This is no HTML that can be sent."),
            Self::RequiredMissing => {
                ("required_missing", "This mail always has to show a variable that is missing.")
            }
            Self::TooMuch => ("too_much", "With its values, the text becomes too large."),
        }
    }
}

/// What is wrong, and where: lines and columns begin with 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} in line {line}, column {column}", reason.words().0)]
pub(crate) struct Fault {
    pub line: usize,
    pub column: usize,
    pub reason: Reason,
}

impl Fault {
    /// At a byte of the template.
    pub(super) fn at(template: &str, byte: usize, reason: Reason) -> Self {
        let before = template.get(..byte).unwrap_or(template);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            reason,
        }
    }
}

/// A piece of a template and the byte where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    pub at: usize,
    pub kind: Kind<'t>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    Text(&'t str),
    Variable(&'t str),
    If(&'t str),
    Else,
    EndIf,
    Each,
    EndEach,
}

/// A template whose blocks are closed and whose names are known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Node<'t> {
    Text(&'t str),
    Variable(&'t str),
    If { name: &'t str, then: Vec<Node<'t>>, otherwise: Vec<Node<'t>> },
    Each(Vec<Node<'t>>),
}

/// The template in pieces.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece<'_>>, Fault> {
    let mut pieces = Vec::new();
    let mut at = 0;
    loop {
        let rest = &template[at..];
        let (text, tag) = match rest.split_once("{{") {
            Some((text, tag)) => (text, Some(tag)),
            None => (rest, None),
        };
        if !text.is_empty() {
            pieces.push(Piece { at, kind: Kind::Text(text) });
        }
        at += text.len();
        let Some(tag) = tag else { return Ok(pieces) };
        let fault = |reason| Fault::at(template, at, reason);
        if tag.starts_with('{') {
            return Err(fault(Reason::RawOutput));
        }
        let (inside, _) = tag.split_once("}}").ok_or_else(|| fault(Reason::UnclosedTag))?;
        let kind = kind(inside.trim()).ok_or_else(|| fault(Reason::UnknownTag))?;
        pieces.push(Piece { at, kind });
        at += inside.len() + "{{}}".len();
    }
}

fn kind(inside: &str) -> Option<Kind<'_>> {
    match inside {
        "else" => Some(Kind::Else),
        "/if" => Some(Kind::EndIf),
        "/each" => Some(Kind::EndEach),
        "#each items" => Some(Kind::Each),
        _ => match inside.strip_prefix("#if ").map(str::trim_start) {
            Some(name) => is_name(name).then_some(Kind::If(name)),
            None => is_name(inside).then_some(Kind::Variable(inside)),
        },
    }
}

fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    is_word(text.strip_prefix("items.").unwrap_or(text))
}

/// The template as a tree.
pub(crate) fn parse(template: &str, id: TemplateId) -> Result<Vec<Node<'_>>, Fault> {
    let pieces = pieces(template)?;
    let mut parser = Parser { template, id, pieces: pieces.iter() };
    let (nodes, end) = parser.block(0, false)?;
    match end {
        None => Ok(nodes),
        Some(piece) => Err(parser.fault(piece, Reason::NotOpen)),
    }
}

struct Parser<'t, 'p> {
    template: &'t str,
    id: TemplateId,
    pieces: std::slice::Iter<'p, Piece<'t>>,
}

type Ended<'t> = (Vec<Node<'t>>, Option<Piece<'t>>);

impl<'t> Parser<'t, '_> {
    fn fault(&self, piece: Piece<'_>, reason: Reason) -> Fault {
        Fault::at(self.template, piece.at, reason)
    }

    /// What stands before the next piece that ends a block, and that piece.
    fn block(&mut self, depth: usize, in_each: bool) -> Result<Ended<'t>, Fault> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next().copied() {
            nodes.push(match piece.kind {
                Kind::Text(text) => Node::Text(text),
                Kind::Variable(name) => {
                    self.require_known(piece, name, in_each)?;
                    Node::Variable(name)
                }
                Kind::If(name) => {
                    self.require_known(piece, name, in_each)?;
                    self.condition(piece, name, depth + 1, in_each)?
                }
                Kind::Each => self.each(piece, depth + 1, in_each)?,
                Kind::Else | Kind::EndIf | Kind::EndEach => return Ok((nodes, Some(piece))),
            });
        }
        Ok((nodes, None))
    }

    fn require_known(&self, piece: Piece<'_>, name: &str, in_each: bool) -> Result<(), Fault> {
        let is_known = self.id.variable(name).is_some();
        if is_known && (in_each || !name.starts_with("items.")) {
            Ok(())
        } else {
            Err(self.fault(piece, Reason::UnknownVariable))
        }
    }

    fn condition(
        &mut self,
        opened: Piece<'t>,
        name: &'t str,
        depth: usize,
        in_each: bool,
    ) -> Result<Node<'t>, Fault> {
        self.require_depth(opened, depth)?;
        let (then, mut end) = self.block(depth, in_each)?;
        let mut otherwise = Vec::new();
        if end.is_some_and(|piece| piece.kind == Kind::Else) {
            (otherwise, end) = self.block(depth, in_each)?;
        }
        self.require_end(opened, end, Kind::EndIf)?;
        Ok(Node::If { name, then, otherwise })
    }

    fn each(&mut self, opened: Piece<'t>, depth: usize, in_each: bool) -> Result<Node<'t>, Fault> {
        if in_each || self.id != TemplateId::DIGEST {
            return Err(self.fault(opened, Reason::EachElsewhere));
        }
        self.require_depth(opened, depth)?;
        let (nodes, end) = self.block(depth, true)?;
        self.require_end(opened, end, Kind::EndEach)?;
        Ok(Node::Each(nodes))
    }

    fn require_depth(&self, opened: Piece<'_>, depth: usize) -> Result<(), Fault> {
        if depth > TEMPLATE_DEPTH_MAX {
            return Err(self.fault(opened, Reason::TooDeep));
        }
        Ok(())
    }

    fn require_end(
        &self,
        opened: Piece<'_>,
        end: Option<Piece<'_>>,
        expected: Kind<'_>,
    ) -> Result<(), Fault> {
        match end {
            Some(piece) if piece.kind == expected => Ok(()),
            Some(piece) => Err(self.fault(piece, Reason::NotOpen)),
            None => Err(self.fault(opened, Reason::UnclosedBlock)),
        }
    }
}

/// The names in a tree, each once, in the order in which they stand.
pub(crate) fn names<'t>(nodes: &[Node<'t>]) -> Vec<&'t str> {
    let mut found = Vec::new();
    collect(nodes, &mut found);
    found
}

fn collect<'t>(nodes: &[Node<'t>], found: &mut Vec<&'t str>) {
    for node in nodes {
        let name = match node {
            Node::Text(_) | Node::Each(_) => None,
            Node::Variable(name) | Node::If { name, .. } => Some(*name),
        };
        found.extend(name.filter(|name| !found.contains(name)));
        match node {
            Node::Text(_) | Node::Variable(_) => {}
            Node::Each(nodes) => collect(nodes, found),
            Node::If { then, otherwise, .. } => {
                collect(then, found);
                collect(otherwise, found);
            }
        }
    }
}

/// Whether a variable is shown whatever the others are.
pub(crate) fn always_shows(nodes: &[Node<'_>], wanted: &str) -> bool {
    nodes.iter().any(|node| match node {
        Node::Variable(name) => *name == wanted,
        Node::If { name, then, otherwise } => {
            always_shows(then, wanted) && (*name == wanted || always_shows(otherwise, wanted))
        }
        Node::Text(_) | Node::Each(_) => false,
    })
}

#[cfg(test)]
mod tests;
