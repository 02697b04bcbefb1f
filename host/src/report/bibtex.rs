//! Citations for LaTeX: `@misc` entries that say what the citation says and nothing that was guessed from it.

use std::collections::BTreeMap;

use plugin_api::Citation;

/// One entry for each citation, with keys that differ.
pub(super) fn entries(citations: &[Citation]) -> String {
    let mut keys: BTreeMap<String, u32> = BTreeMap::new();
    let entries = citations.iter().map(|citation| {
        let key = key(&citation.text);
        let times = keys.entry(key.clone()).or_default();
        *times += 1;
        let key = if *times == 1 { key } else { format!("{key}_{times}") };
        entry(&key, citation)
    });
    entries.collect::<Vec<_>>().join("\n")
}

fn entry(key: &str, citation: &Citation) -> String {
    let mut fields = vec![("title", format!("{{{}}}", escaped(&citation.text)))];
    fields.extend(year(&citation.text).map(|year| ("year", year.to_owned())));
    let url = citation.url.as_deref().filter(|url| link(url));
    let after = |mark: &str| {
        let (_, rest) = url?.split_once(mark)?;
        let identifier = rest.split(['?', '#']).next()?.trim_end_matches(".pdf").trim_end_matches('/');
        (!identifier.is_empty()).then(|| escaped(identifier))
    };
    if let Some(eprint) = after("arxiv.org/abs/").or_else(|| after("arxiv.org/pdf/")) {
        fields.push(("eprint", eprint));
        fields.push(("archiveprefix", "arXiv".to_owned()));
    }
    fields.extend(after("doi.org/").map(|doi| ("doi", doi)));
    fields.extend(url.map(|url| ("url", escaped(url))));
    let lines: Vec<String> = fields.iter().map(|(name, value)| format!("  {name} = {{{value}}}")).collect();
    format!("@misc{{{key},\n{}\n}}\n", lines.join(",\n"))
}

/// Whether a text may stand as a link: a page would run what some other schemes say.
pub(super) fn link(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// First word and year: `DESI2025`.
fn key(text: &str) -> String {
    let word = text.split(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty());
    let word: String = word.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    let key = word + year(text).unwrap_or_default();
    if key.is_empty() { "reference".to_owned() } else { key }
}

/// The first word of four digits that can be a year.
fn year(text: &str) -> Option<&str> {
    let mut words =
        text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.' || letter == ':'));
    let is_year = |word: &&str| {
        word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()) && ("1600".."2100").contains(word)
    };
    words.find(is_year)
}

/// Text that LaTeX prints as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\textbackslash "),
            // A brace without its other half would break the entry even behind a backslash.
            '{' => out.push_str("\\textbraceleft "),
            '}' => out.push_str("\\textbraceright "),
            '&' | '%' | '$' | '#' | '_' => {
                out.push('\\');
                out.push(letter);
            }
            '~' => out.push_str("\\textasciitilde "),
            '^' => out.push_str("\\textasciicircum "),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn citation(text: &str, url: Option<&str>) -> Citation {
        Citation { text: text.to_owned(), url: url.map(str::to_owned) }
    }

    #[test]
    fn an_entry_has_what_the_citation_says() {
        let preprint = citation(
            "DESI Collaboration 2025, results II, arXiv:2503.14738",
            Some("https://arxiv.org/abs/2503.14738"),
        );
        let journal =
            citation("Pogson, N. (1856), MNRAS 17, 12", Some("https://doi.org/10.1093/mnras/17.1.12"));
        let text = entries(&[preprint.clone(), journal, preprint]);
        assert!(text.starts_with(
            "@misc{DESI2025,\n  title = {{DESI Collaboration 2025, results II, arXiv:2503.14738}},\n  year = {2025},\n  \
             eprint = {2503.14738},\n  archiveprefix = {arXiv},\n  url = {https://arxiv.org/abs/2503.14738}\n}\n"
        ), "{text}");
        assert!(
            text.contains("@misc{Pogson1856,") && text.contains("  doi = {10.1093/mnras/17.1.12},\n"),
            "{text}"
        );
        assert!(text.contains("@misc{DESI2025_2,"));
    }

    #[test]
    fn latex_prints_what_was_written() {
        let text = entries(&[citation("A & B_c 100% $x^2$ {\\input{x}} ~", Some("javascript:alert(1)"))]);
        let title = "A \\& B\\_c 100\\% \\$x\\textasciicircum 2\\$ \\textbraceleft \\textbackslash input\\textbraceleft \
                     x\\textbraceright \\textbraceright  \\textasciitilde ";
        assert!(text.contains(title), "{text}");
        assert!(!text.contains("url"));
    }

    proptest! {
        #[test]
        fn braces_are_balanced_whatever_the_text(text in ".{0,60}", url in "https://(arxiv.org/abs/|doi.org/)?.{0,30}") {
            let entry = entries(&[citation(&text, Some(&url))]);
            let mut depth = 0_i32;
            for letter in entry.chars() {
                depth += match letter { '{' => 1, '}' => -1, _ => 0 };
                prop_assert!(depth >= 0);
            }
            prop_assert_eq!(depth, 0);
            prop_assert_eq!(entry.get(..6), Some("@misc{"));
        }
    }
}
