//! Reads JSON and keeps where each name and value stands, which `serde_json` does not.
//!
//! Invariants: accepts exactly what `serde_json` accepts up to [`MAXIMUM_NESTING`]; texts and numbers are decoded by
//! `serde_json` itself; no input makes it panic or recurse deeper than the limit. Repeated names are kept, so that
//! the caller can refuse them.

use serde_json::Number;

/// How deep lists and objects may nest; the configuration needs three.
pub(super) const MAXIMUM_NESTING: usize = 16;

/// A position in the text; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) position: Position,
    pub(super) content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) position: Position,
    pub(super) value: Node,
}

/// Why the text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) position: Position,
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
}

/// Reads one JSON value that fills the whole text; a leading byte order mark is skipped.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, offset: 0, counted: 0, position: Position { line: 1, column: 1 } };
    reader.skip_space();
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("the end of the file")),
    }
}

struct Reader<'text> {
    text: &'text str,
    offset: usize,
    /// Up to which byte `position` has counted; grows with `offset`, so that counting stays linear.
    counted: usize,
    position: Position,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.offset += 1;
        }
    }

    fn here(&mut self) -> Position {
        for character in self.text.get(self.counted..self.offset).unwrap_or_default().chars() {
            if character == '\n' {
                self.position = Position { line: self.position.line + 1, column: 1 };
            } else {
                self.position.column += 1;
            }
        }
        self.counted = self.offset;
        self.position
    }

    fn fault(&mut self, message: impl Into<String>, hint: Option<&'static str>) -> Fault {
        Fault { position: self.here(), message: message.into(), hint }
    }

    /// What stands here is not what must stand here; the usual slips get a hint of their own.
    fn unexpected(&mut self, expected: &str) -> Fault {
        let rest = self.rest();
        let Some(found) = rest.chars().next() else {
            return self.fault(format!("the file ends where {expected} is expected"), None);
        };
        let hint = match found {
            '/' | '#' => Some("JSON has no comments: delete it"),
            '\'' => Some("write texts and names in double quotes"),
            '}' | ']' => Some("delete the comma before it"),
            'N' | 'I' => Some("JSON has no NaN and no Infinity"),
            'T' | 'F' => Some("write `true` or `false` in lower case"),
            _ => None,
        };
        let hint = hint.filter(|_| !matches!(found, '}' | ']') || self.follows_comma());
        let found = found.escape_debug().to_string();
        self.fault(format!("found `{found}` where {expected} is expected"), hint)
    }

    fn follows_comma(&self) -> bool {
        self.text.get(..self.offset).is_some_and(|before| before.trim_end().ends_with(','))
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        let position = self.here();
        let content = match self.peek() {
            Some(b'{' | b'[') if depth >= MAXIMUM_NESTING => {
                return Err(self.fault(format!("nested deeper than {MAXIMUM_NESTING} levels"), None));
            }
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Content::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { position, content })
    }

    fn word(&mut self) -> Result<Content, Fault> {
        let words =
            [("true", Content::Boolean(true)), ("false", Content::Boolean(false)), ("null", Content::Null)];
        for (word, content) in words {
            if self.rest().starts_with(word) {
                self.offset += word.len();
                return Ok(content);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn number(&mut self) -> Result<Content, Fault> {
        let rest = self.rest();
        let length = rest
            .find(|character: char| !matches!(character, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        let Ok(number) = serde_json::from_str::<Number>(text) else {
            let shown: String = text.chars().take(40).collect();
            return Err(self.fault(format!("`{shown}` is no JSON number or too large for one"), None));
        };
        self.offset += length;
        Ok(Content::Number(number))
    }

    fn string(&mut self) -> Result<String, Fault> {
        let position = self.here();
        let start = self.offset;
        let fault = |message: &str, hint| Fault { position, message: message.to_owned(), hint };
        self.offset += 1;
        loop {
            match self.peek() {
                None => return Err(fault("this text is never closed", Some("add the missing `\"`"))),
                Some(b'"') => break,
                Some(b'\\') => self.offset += 2,
                Some(0..0x20) => {
                    let hint =
                        Some("close the text with `\"` on the same line, or write the character as `\\n`");
                    return Err(fault("this text holds a line break or another control character", hint));
                }
                Some(_) => self.offset += 1,
            }
        }
        self.offset += 1;
        let quoted = self.text.get(start..self.offset).unwrap_or_default();
        serde_json::from_str(quoted).map_err(|_| {
            fault("this text has an escape that JSON does not know", Some("write a backslash as `\\\\`"))
        })
    }

    fn list(&mut self, depth: usize) -> Result<Content, Fault> {
        let mut items = Vec::new();
        self.offset += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.offset += 1;
            return Ok(Content::List(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.offset += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
        self.offset += 1;
        Ok(Content::List(items))
    }

    fn object(&mut self, depth: usize) -> Result<Content, Fault> {
        let mut members = Vec::new();
        self.offset += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.offset += 1;
            return Ok(Content::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a name in double quotes"));
            }
            let position = self.here();
            let name = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.offset += 1;
            self.skip_space();
            let value = self.value(depth + 1)?;
            members.push(Member { name, position, value });
            self.skip_space();
            match self.peek() {
                Some(b',') => self.offset += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
        self.offset += 1;
        Ok(Content::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{Content, Fault, Node, parse};

    fn to_value(node: &Node) -> Value {
        match &node.content {
            Content::Null => Value::Null,
            Content::Boolean(value) => Value::from(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::from(text.as_str()),
            Content::List(items) => items.iter().map(to_value).collect(),
            Content::Object(members) => Value::Object(
                members.iter().map(|member| (member.name.clone(), to_value(&member.value))).collect(),
            ),
        }
    }

    fn agrees_with_serde_json(text: &str) -> Result<(), TestCaseError> {
        match (parse(text), serde_json::from_str::<Value>(text)) {
            (Ok(node), Ok(value)) => prop_assert_eq!(to_value(&node), value),
            (Err(_), Err(_)) => {}
            (Err(fault), Ok(_)) if fault.message.starts_with("nested deeper") => {}
            (ours, theirs) => prop_assert!(false, "{text:?}: {ours:?}, serde_json: {theirs:?}"),
        }
        Ok(())
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Checks that the text at each recorded position begins the name or value recorded there.
    fn check_positions(node: &Node, lines: &[&str]) -> Result<(), TestCaseError> {
        let at = |position: super::Position| -> String {
            lines.get(position.line - 1).unwrap().chars().skip(position.column - 1).collect()
        };
        match &node.content {
            Content::Null => prop_assert!(at(node.position).starts_with("null")),
            Content::Boolean(value) => prop_assert!(at(node.position).starts_with(&value.to_string())),
            Content::Number(number) => {
                let found = at(node.position);
                let end = found.find(|c: char| ",]} ".contains(c)).unwrap_or(found.len());
                prop_assert_eq!(&serde_json::from_str::<serde_json::Number>(&found[..end]).unwrap(), number);
            }
            Content::Text(text) => {
                prop_assert!(at(node.position).starts_with(&serde_json::to_string(text).unwrap()));
            }
            Content::List(items) => {
                prop_assert!(at(node.position).starts_with('['), "a list");
                items.iter().try_for_each(|item| check_positions(item, lines))?;
            }
            Content::Object(members) => {
                prop_assert!(at(node.position).starts_with('{'), "an object");
                for member in members {
                    prop_assert!(
                        at(member.position).starts_with(&serde_json::to_string(&member.name).unwrap())
                    );
                    check_positions(&member.value, lines)?;
                }
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn accepts_what_serde_json_accepts(text in r#"[\[\]{}:,"\\/tfnu0-9.eE+\- \n]{0,40}"#) {
            agrees_with_serde_json(&text)?;
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            agrees_with_serde_json(&text)?;
        }

        #[test]
        fn reads_back_what_serde_json_writes_with_true_positions(value in any_value()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            let node = parse(&text).unwrap();
            prop_assert_eq!(to_value(&node), value);
            check_positions(&node, &text.split('\n').collect::<Vec<_>>())?;
        }

        #[test]
        fn a_mutilated_file_is_judged_as_serde_json_does(value in any_value(), cut in any::<prop::sample::Index>()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            let mut cut = cut.index(text.len());
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let (head, tail) = text.split_at(cut);
            agrees_with_serde_json(head)?;
            agrees_with_serde_json(&format!("{head},{tail}"))?;
            agrees_with_serde_json(&format!("{head}\"{tail}"))?;
        }
    }

    fn fault(text: &str) -> (usize, usize, String) {
        let Fault { position, message, .. } = parse(text).unwrap_err();
        (position.line, position.column, message)
    }

    #[test]
    fn faults_stand_where_the_eye_looks() {
        assert_eq!(
            fault("{\n  \"a\": 1,\n}"),
            (3, 1, "found `}` where a name in double quotes is expected".into())
        );
        assert_eq!(fault("{\"é\": tru}"), (1, 7, "found `t` where a value is expected".into()));
        assert_eq!(fault("{\"a\": 01}"), (1, 7, "`01` is no JSON number or too large for one".into()));
        assert_eq!(fault("{\"a\": \"b}"), (1, 7, "this text is never closed".into()));
        assert_eq!(fault(""), (1, 1, "the file ends where a value is expected".into()));
        assert_eq!(fault("{} x"), (1, 4, "found `x` where the end of the file is expected".into()));
        assert_eq!(parse("{\"a\": 1, // b\n}").unwrap_err().hint, Some("JSON has no comments: delete it"));
        assert_eq!(parse("[1,]").unwrap_err().hint, Some("delete the comma before it"));
        assert_eq!(parse("[1 }").unwrap_err().hint, None);
    }

    #[test]
    fn nesting_has_a_limit() {
        let deep = "[".repeat(100_000);
        assert_eq!(fault(&deep), (1, 17, "nested deeper than 16 levels".into()));
        assert!(parse(&format!("{}{}", "[".repeat(16), "]".repeat(16))).is_ok());
    }
}
