//! The font that pictures are laid out with: widths for everybody, outlines for pixels.
//!
//! An SVG names this font first and Verdana, its relative of the same width, second; other fonts are narrower, so
//! nothing that fits here is cut off there.

use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId};

/// DejaVu Sans; see `host/assets/DejaVuSans-LICENCE.txt`.
const BYTES: &[u8] = include_bytes!("../../assets/DejaVuSans-subset.ttf");

/// Fonts of an SVG, in the order of preference.
pub(super) const FAMILY: &str = "'DejaVu Sans', Verdana, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/// The font.
pub(super) fn face() -> &'static Face<'static> {
    static FACE: OnceLock<Face<'static>> = OnceLock::new();
    FACE.get_or_init(|| Face::parse(BYTES, 0).expect("the embedded font is a font"))
}

/// The glyph of a letter; that of an unknown letter is a sign that says so.
pub(super) fn glyph(letter: char) -> GlyphId {
    let face = face();
    face.glyph_index(letter).or_else(|| face.glyph_index('\u{fffd}')).unwrap_or(GlyphId(0))
}

/// Advance of a glyph for letters of a size.
pub(super) fn advance(glyph: GlyphId, size: f64) -> f64 {
    let face = face();
    f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * size / f64::from(face.units_per_em())
}

/// Width of a text.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| advance(glyph(letter), size)).sum()
}

/// The text, cut short with an ellipsis where it is wider than there is room.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut used = width("…", size);
    let fits = |letter: &char| {
        used += width(letter.encode_utf8(&mut [0; 4]), size);
        used <= room
    };
    let kept: String = text.chars().take_while(fits).collect();
    kept.trim_end().to_owned() + "…"
}

/// The text as at most so many lines; the last one is cut short where they do not suffice.
pub(super) fn wrap(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = vec![String::new()];
    // Far more than so many lines hold; a module may say millions.
    let end = text.char_indices().nth(1000).map_or(text.len(), |(end, _)| end);
    for word in text[..end].split_whitespace() {
        let full = wrapped.len() == lines;
        let Some(line) = wrapped.last_mut() else { break };
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || full || width(&longer, size) <= room {
            *line = longer;
        } else {
            wrapped.push(word.to_owned());
        }
    }
    wrapped.iter().map(|line| fit(line, size, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_their_widths_and_unknown_ones_a_sign() {
        // DejaVu Sans: the digits are 1303 of 2048 units wide.
        assert!((width("0123", 2048.0) - 4.0 * 1303.0).abs() < 1e-9);
        assert_eq!(glyph('\u{4e00}'), glyph('\u{fffd}'));
        for letter in "−×⁻¹⁰⁴σΩχ²₈±°å·…".chars() {
            assert_ne!(glyph(letter), glyph('\u{fffd}'), "{letter}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_or_wrapped() {
        let room = width("abcdefgh", 12.0);
        assert_eq!(fit("abcdefgh", 12.0, room), "abcdefgh");
        assert_eq!(fit("abcdefghi", 12.0, room).chars().last(), Some('…'));
        assert_eq!(wrap("one two three", 12.0, width("one two", 12.0), 3), ["one two", "three"]);
        let cut = wrap("one two three four five", 12.0, width("one two", 12.0), 2);
        assert!(cut.len() == 2 && cut[1].ends_with('…'), "{cut:?}");
        assert!(wrap("unbreakablyunbreakable", 12.0, 30.0, 2).iter().all(|line| width(line, 12.0) <= 30.0));
        assert_eq!(wrap("", 12.0, 30.0, 2), [""]);
    }
}
