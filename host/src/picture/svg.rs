//! A scene as an SVG document: no script, no link, no identifier, so several may stand in one page.
//!
//! Colours stand as attributes, which every reader knows; a style sheet turns them to those of a dark page, for
//! readers that know of such.

use std::fmt::Write;

use super::font::FAMILY;
use super::raster::encode_palette;
use super::scene::{Anchor, Ink, Item, Point, Scene, Shape, Stroke};

/// The document.
pub(super) fn write(scene: &Scene) -> String {
    let mut out = String::new();
    open(&mut out, scene);
    push(&mut out, format_args!("<style>{}</style>\n", style_sheet()));
    let (width, height) = (number(scene.width), number(scene.height));
    push(
        &mut out,
        format_args!(
            "<rect {} width=\"{width}\" height=\"{height}\" fill=\"currentColor\"/>\n",
            ink(Ink::Background)
        ),
    );
    close(out, scene)
}

/// The same without a style and without a ground of its own.
pub(super) fn write_part(scene: &Scene) -> String {
    let mut out = String::new();
    open(&mut out, scene);
    close(out, scene)
}

/// The rules that a dark page needs.
pub(super) fn style_sheet() -> String {
    let mut rules = "@media (prefers-color-scheme: dark) {".to_owned();
    for (class, colour) in Ink::dark() {
        push(&mut rules, format_args!(" .picture .{class} {{ color: {colour} }}"));
    }
    rules.push_str(" }");
    rules
}

fn open(out: &mut String, scene: &Scene) {
    let (width, height) = (number(scene.width), number(scene.height));
    push(
        out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" role=\"img\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\">\n<title>{}</title>\n",
            escaped(&scene.title)
        ),
    );
}

fn close(mut out: String, scene: &Scene) -> String {
    for item in &scene.items {
        write_item(&mut out, item);
    }
    out.push_str("</svg>\n");
    out
}

fn write_item(out: &mut String, item: &Item) {
    match item {
        Item::Lines { ink: colour, lines, stroke } => {
            push(out, format_args!("<path {} fill=\"none\"{} d=\"", ink(*colour), stroked(stroke)));
            for line in lines {
                write_points(out, line);
            }
            out.push_str("\"/>\n");
        }
        Item::Polygon { ink: colour, points, opacity } => {
            push(out, format_args!("<path {} fill=\"currentColor\"{} d=\"", ink(*colour), opaque(*opacity)));
            write_points(out, points);
            out.push_str("Z\"/>\n");
        }
        Item::Markers { ink: colour, shape, radius, opacity, at } => {
            push(out, format_args!("<g {} fill=\"currentColor\"{}>\n", ink(*colour), opaque(*opacity)));
            for place in at {
                write_marker(out, *shape, *radius, *place);
            }
            out.push_str("</g>\n");
        }
        Item::Text { ink: colour, at, size, anchor, upward, text } => {
            let (x, y) = (number(at.0), number(at.1));
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let turn = if *upward { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
            push(
                out,
                format_args!(
                    "<text {} fill=\"currentColor\" x=\"{x}\" y=\"{y}\" font-size=\"{}\"{anchor}{turn}>{}</text>\n",
                    ink(*colour),
                    number(*size),
                    escaped(text)
                ),
            );
        }
        Item::Image { area, pixels } => push(
            out,
            format_args!(
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                 image-rendering=\"pixelated\" href=\"data:image/png;base64,{}\"/>\n",
                number(area.left),
                number(area.top),
                number(area.width),
                number(area.height),
                base64(&encode_palette(pixels))
            ),
        ),
        Item::Clipped { area, items } => {
            // An inner document clips at its border, without an identifier to refer to.
            let [x, y, width, height] = [area.left, area.top, area.width, area.height].map(number);
            push(
                out,
                format_args!(
                    "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\">\n"
                ),
            );
            for item in items {
                write_item(out, item);
            }
            out.push_str("</svg>\n");
        }
    }
}

fn write_points(out: &mut String, points: &[Point]) {
    let mut last: Option<(String, String)> = None;
    for (x, y) in points {
        let (x, y) = (number(*x), number(*y));
        match &last {
            None => push(out, format_args!("M{x} {y}")),
            Some((before, _)) if *before == x => push(out, format_args!("V{y}")),
            Some((_, before)) if *before == y => push(out, format_args!("H{x}")),
            Some(_) => push(out, format_args!("L{x} {y}")),
        }
        last = Some((x, y));
    }
}

fn write_marker(out: &mut String, shape: Shape, radius: f64, (x, y): Point) {
    if shape == Shape::Circle {
        push(
            out,
            format_args!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n", number(x), number(y), number(radius)),
        );
        return;
    }
    out.push_str("<path d=\"");
    let corners = shape.corners().iter().map(|(right, down)| (x + right * radius, y + down * radius));
    write_points(out, &corners.collect::<Vec<_>>());
    out.push_str("Z\"/>\n");
}

fn ink(ink: Ink) -> String {
    format!("class=\"{}\" color=\"{}\"", ink.class(), ink.light())
}

fn stroked(stroke: &Stroke) -> String {
    let mut text = format!(" stroke=\"currentColor\" stroke-width=\"{}\"", number(stroke.width));
    if stroke.opacity < 1.0 {
        push(&mut text, format_args!(" stroke-opacity=\"{}\"", number(stroke.opacity)));
    }
    if let Some((dash, gap)) = stroke.dash {
        push(&mut text, format_args!(" stroke-dasharray=\"{} {}\"", number(dash), number(gap)));
    }
    text
}

fn opaque(opacity: f64) -> String {
    if opacity < 1.0 { format!(" fill-opacity=\"{}\"", number(opacity)) } else { String::new() }
}

/// A coordinate to a hundredth of a pixel, without what says nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text that means nothing but itself in XML and HTML, whatever a module put into it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not allowed in XML, however written.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// RFC 4648, section 4.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = LETTERS[(bits >> shift & 63) as usize];
            out.push(if at <= three.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Memory takes every write.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn text_cannot_leave_its_place() {
        let hostile = "</title><script>alert('x')</script>\"&\u{0}\u{ffff}\u{1b}";
        let text = escaped(hostile);
        assert!(!text.contains(['<', '>', '"', '\'', '\u{0}', '\u{ffff}', '\u{1b}']), "{text}");
        assert!(text.starts_with("&lt;/title&gt;"));
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([1.0, -0.001, 12.345, 100.0].map(number), ["1", "0", "12.35", "100"].map(str::to_owned));
    }
}
