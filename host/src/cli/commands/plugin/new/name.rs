//! Names that a crate and a module may both have.

use crate::error::{Error, Kind, Result};

/// The longest id of a module.
const LONGEST: usize = 64;

/// What Rust and cargo keep for themselves.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "example",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "host",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "plugin-api",
    "plugin_api",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Refuses a name that no crate or module can have, and says what to type instead.
pub(super) fn check(name: &str) -> Result<()> {
    let Some(why) = fault(name) else { return Ok(()) };
    let shown = crate::cli::output::plain(&name.chars().take(LONGEST).collect::<String>());
    Err(Error::new(Kind::Usage, format!("a module cannot be called `{shown}`"))
        .cause(why)
        .hint(format!("type `host plugin new {}`", suggestion(name))))
}

fn fault(name: &str) -> Option<&'static str> {
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
    if name.is_empty() || name.chars().count() > LONGEST {
        return Some("a name has 1 to 64 letters");
    }
    if !name.chars().all(plain) {
        return Some("a name is made of lower-case letters, digits, `_` and `-`");
    }
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Some("a name begins with a letter");
    }
    RESERVED.contains(&name).then_some("Rust or cargo keeps that name for itself")
}

/// The nearest name that is allowed.
fn suggestion(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in name.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-') {
        let word = word.trim_matches('-').to_ascii_lowercase();
        words.extend((!word.is_empty()).then_some(word));
    }
    let mut name: String = words.join("_").chars().take(LONGEST - "_module".len()).collect();
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name = format!("m{}{name}", if name.is_empty() { "y_module" } else { "_" });
    }
    if RESERVED.contains(&name.as_str()) { format!("{name}_module") } else { name }
}

/// The name as that of a Rust type.
pub(super) fn type_name(name: &str) -> String {
    let words = name.split(['_', '-']).filter(|word| !word.is_empty());
    let capitalised = words.map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    let name: String = capitalised.collect();
    // These would hide what the template uses.
    let used =
        ["Context", "Derived", "Inputs", "Parameters", "Plot", "Table", "Result", "Ok", "Err", "Vec", "Some"];
    if used.contains(&name.as_str()) { format!("{name}Module") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_is_refused_with_one_that_can() {
        for (name, suggested) in [
            ("match", "match_module"),
            ("Light Curve", "light_curve"),
            ("2df", "m_2df"),
            ("", "my_module"),
            ("../escape", "escape"),
            ("-v", "v"),
            ("été", "t"),
            ("plugin-api", "plugin-api_module"),
            ("a\u{1b}[2J", "a_2j"),
        ] {
            let error = check(name).unwrap_err();
            assert_eq!(error.hints, [format!("type `host plugin new {suggested}`")], "{name:?}");
            assert!(check(suggested).is_ok(), "{suggested}");
            assert!(!error.message.contains('\u{1b}'));
        }
        assert!(check(&suggestion(&"x".repeat(100))).is_ok());
        for name in ["light_curve", "a", "sn-2", &"x".repeat(64)] {
            assert!(check(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_type_is_named_as_rust_names_types() {
        assert_eq!(type_name("light_curve"), "LightCurve");
        assert_eq!(type_name("sn-2_x"), "Sn2X");
        assert_eq!(type_name("table"), "TableModule");
    }
}
