//! A scene as pixels on white, and pixels as PNG files.

use tiny_skia::{
    FillRule, FilterQuality, LineCap, LineJoin, Mask, Paint, PathBuilder, Pixmap, PixmapPaint, Rect,
    Stroke as Pen, StrokeDash, Transform,
};
use ttf_parser::OutlineBuilder;

use super::font;
use super::scene::{Anchor, Area, Ink, Item, Pixels, Point, Scene, Shape, Stroke};

/// Pixels for each unit of a scene: sharp on the screens of today and in print at half a page.
const PIXELS_PER_UNIT: f64 = 2.0;

/// The picture as a PNG file; nothing when it is too large for memory.
pub(super) fn write(scene: &Scene) -> Option<Vec<u8>> {
    let side = |length: f64| single(length * PIXELS_PER_UNIT).ceil().clamp(1.0, 20_000.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let (width, height) = (side(scene.width) as u32, side(scene.height) as u32);
    let mut canvas = Canvas { pixels: Pixmap::new(width, height)?, mask: None };
    canvas.pixels.fill(tiny_skia::Color::WHITE);
    for item in &scene.items {
        canvas.draw(item);
    }
    // Everything lies on white, so nothing is transparent.
    let mut rgb = Vec::with_capacity(canvas.pixels.data().len() / 4 * 3);
    for pixel in canvas.pixels.data().chunks_exact(4) {
        rgb.extend_from_slice(&pixel[..3]);
    }
    encode(width, height, png::ColorType::Rgb, None, &rgb)
}

/// Pixels with a palette as a PNG file.
pub(super) fn encode_palette(pixels: &Pixels) -> Vec<u8> {
    let palette = pixels.palette.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
    let opacity = pixels.palette.iter().map(|colour| colour[3]).collect();
    encode(pixels.width, pixels.height, png::ColorType::Indexed, Some((palette, opacity)), &pixels.indices)
        .unwrap_or_default()
}

fn encode(
    width: u32,
    height: u32,
    colour: png::ColorType,
    palette: Option<(Vec<u8>, Vec<u8>)>,
    data: &[u8],
) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    if let Some((palette, opacity)) = palette {
        encoder.set_palette(palette);
        encoder.set_trns(opacity);
    }
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(data).ok()?;
    writer.finish().ok()?;
    Some(file)
}

/// The library counts in single precision; far more digits than pixels.
#[expect(clippy::cast_possible_truncation, reason = "a coordinate of a picture")]
fn single(value: f64) -> f32 {
    value as f32
}

fn scale() -> Transform {
    let scale = single(PIXELS_PER_UNIT);
    Transform::from_scale(scale, scale)
}

struct Canvas {
    pixels: Pixmap,
    mask: Option<Mask>,
}

impl Canvas {
    fn draw(&mut self, item: &Item) {
        match item {
            Item::Lines { ink, lines, stroke } => self.lines(*ink, lines, stroke),
            Item::Polygon { ink, points, opacity } => {
                let mut path = PathBuilder::new();
                trace(&mut path, points.iter().copied(), true);
                self.fill(path, *ink, *opacity, scale());
            }
            Item::Markers { ink, shape, radius, opacity, at } => {
                for (x, y) in at {
                    let mut path = PathBuilder::new();
                    if *shape == Shape::Circle {
                        path.push_circle(single(*x), single(*y), single(*radius));
                    } else {
                        let corners = shape.corners().iter();
                        let corners = corners.map(|(right, down)| (x + right * radius, y + down * radius));
                        trace(&mut path, corners, true);
                    }
                    // One by one, so that what lies on top of each other is darker.
                    self.fill(path, *ink, *opacity, scale());
                }
            }
            Item::Text { ink, at, size, anchor, upward, text } => {
                self.text(*ink, *at, *size, *anchor, *upward, text);
            }
            Item::Image { area, pixels } => self.image(area, pixels),
            Item::Clipped { area, items } => {
                let outer = self.mask.take();
                self.mask = self.mask_of(area);
                for item in items {
                    self.draw(item);
                }
                self.mask = outer;
            }
        }
    }

    fn lines(&mut self, ink: Ink, lines: &[Vec<Point>], stroke: &Stroke) {
        let mut path = PathBuilder::new();
        for line in lines {
            trace(&mut path, line.iter().copied(), false);
        }
        let Some(path) = path.finish() else { return };
        let dash = stroke.dash.and_then(|(dash, gap)| StrokeDash::new(vec![single(dash), single(gap)], 0.0));
        let pen = Pen {
            width: single(stroke.width),
            line_cap: LineCap::Butt,
            line_join: LineJoin::Miter,
            dash,
            ..Pen::default()
        };
        self.pixels.stroke_path(&path, &paint(ink, stroke.opacity), &pen, scale(), self.mask.as_ref());
    }

    fn text(&mut self, ink: Ink, at: Point, size: f64, anchor: Anchor, upward: bool, text: &str) {
        let width = font::width(text, size);
        let mut x = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let mut outline = Outline { path: PathBuilder::new(), x: 0.0, scale: 0.0 };
        let face = font::face();
        outline.scale = single(size / f64::from(face.units_per_em()));
        for letter in text.chars() {
            let glyph = font::glyph(letter);
            outline.x = single(x);
            // Blanks have no outline.
            let _ = face.outline_glyph(glyph, &mut outline);
            x += font::advance(glyph, size);
        }
        let place = scale().pre_translate(single(at.0), single(at.1));
        let turned = if upward { place.pre_rotate(-90.0) } else { place };
        self.fill(outline.path, ink, 1.0, turned);
    }

    fn fill(&mut self, path: PathBuilder, ink: Ink, opacity: f64, place: Transform) {
        if let Some(path) = path.finish() {
            let paint = paint(ink, opacity);
            self.pixels.fill_path(&path, &paint, FillRule::Winding, place, self.mask.as_ref());
        }
    }

    fn image(&mut self, area: &Area, pixels: &Pixels) {
        let Some(mut image) = Pixmap::new(pixels.width, pixels.height) else { return };
        for (target, index) in image.pixels_mut().iter_mut().zip(&pixels.indices) {
            let [red, green, blue, opacity] =
                pixels.palette.get(usize::from(*index)).copied().unwrap_or_default();
            *target = tiny_skia::ColorU8::from_rgba(red, green, blue, opacity).premultiply();
        }
        let (columns, rows) = (f64::from(pixels.width), f64::from(pixels.height));
        let place = scale()
            .pre_translate(single(area.left), single(area.top))
            .pre_scale(single(area.width / columns), single(area.height / rows));
        let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
        self.pixels.draw_pixmap(0, 0, image.as_ref(), &paint, place, self.mask.as_ref());
    }

    fn mask_of(&self, area: &Area) -> Option<Mask> {
        let mut mask = Mask::new(self.pixels.width(), self.pixels.height())?;
        let (left, top) = (single(area.left), single(area.top));
        let rectangle = Rect::from_xywh(left, top, single(area.width), single(area.height))?;
        let path = PathBuilder::from_rect(rectangle);
        mask.fill_path(&path, FillRule::Winding, true, scale());
        Some(mask)
    }
}

fn paint(ink: Ink, opacity: f64) -> Paint<'static> {
    let [red, green, blue] = ink.rgb();
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    paint.set_color_rgba8(red, green, blue, alpha);
    paint
}

fn trace(path: &mut PathBuilder, points: impl Iterator<Item = Point>, closed: bool) {
    let mut empty = true;
    for (x, y) in points {
        let (x, y) = (single(x), single(y));
        if std::mem::take(&mut empty) { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if closed && !empty {
        path.close();
    }
}

/// Puts the outline of a letter, whose vertical axis points up, at a place of a line.
struct Outline {
    path: PathBuilder,
    x: f32,
    scale: f32,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
