//! What a picture is made of, before anybody decides whether it becomes SVG or pixels.
//!
//! Invariant: every coordinate is finite, so no writer has to look.

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Read out by programs for those who do not see it.
    pub(super) title: String,
    /// In the order of drawing.
    pub(super) items: Vec<Item>,
}

/// Horizontal and vertical coordinate, from the upper left corner.
pub(super) type Point = (f64, f64);

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// One thing drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// Lines through points; each list is a line of its own.
    Lines { ink: Ink, lines: Vec<Vec<Point>>, stroke: Stroke },
    /// A closed area.
    Polygon { ink: Ink, points: Vec<Point>, opacity: f64 },
    /// The same sign at many places.
    Markers { ink: Ink, shape: Shape, radius: f64, opacity: f64, at: Vec<Point> },
    /// One line of text.
    Text { ink: Ink, at: Point, size: f64, anchor: Anchor, upward: bool, text: String },
    /// Pixels.
    Image { area: Area, pixels: Pixels },
    /// Things of which only what lies inside is seen.
    Clipped { area: Area, items: Vec<Item> },
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub(super) width: f64,
    pub(super) opacity: f64,
    /// Lengths of dash and gap.
    pub(super) dash: Option<(f64, f64)>,
}

impl Stroke {
    pub(super) fn solid(width: f64) -> Self {
        Self { width, opacity: 1.0, dash: None }
    }
}

/// Pixels of a small palette, row after row from the top.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Red, green, blue, opacity.
    pub(super) palette: Vec<[u8; 4]>,
    /// Places in the palette.
    pub(super) indices: Vec<u8>,
}

/// Where the given place lies in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Plus,
    Cross,
}

impl Shape {
    /// The sign of a series.
    pub(super) fn of(series: usize) -> Self {
        const SHAPES: [Shape; 7] =
            [Shape::Circle, Shape::Square, Shape::Diamond, Shape::Up, Shape::Down, Shape::Plus, Shape::Cross];
        // Each round of the colours meets the shapes one place further on.
        SHAPES[(series + series / Ink::SERIES) % SHAPES.len()]
    }

    /// Corners round the middle, for a sign of about the area of a circle of radius 1; none for a circle.
    pub(super) fn corners(self) -> &'static [Point] {
        const ARM: f64 = 0.34;
        match self {
            Self::Circle => &[],
            Self::Square => &[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
            Self::Diamond => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
            Self::Up => &[(0.0, -1.3), (1.2, 0.85), (-1.2, 0.85)],
            Self::Down => &[(0.0, 1.3), (-1.2, -0.85), (1.2, -0.85)],
            Self::Plus => &[
                (-ARM, -1.2),
                (ARM, -1.2),
                (ARM, -ARM),
                (1.2, -ARM),
                (1.2, ARM),
                (ARM, ARM),
                (ARM, 1.2),
                (-ARM, 1.2),
                (-ARM, ARM),
                (-1.2, ARM),
                (-1.2, -ARM),
                (-ARM, -ARM),
            ],
            Self::Cross => &[
                (-1.1, -0.65),
                (-0.65, -1.1),
                (0.0, -0.45),
                (0.65, -1.1),
                (1.1, -0.65),
                (0.45, 0.0),
                (1.1, 0.65),
                (0.65, 1.1),
                (0.0, 0.45),
                (-0.65, 1.1),
                (-1.1, 0.65),
                (-0.45, 0.0),
            ],
        }
    }
}

/// What a colour is for. Each is told apart on white and on black, and series also by those who see fewer colours:
/// after Okabe and Ito, Color Universal Design (2008), without the yellow that nobody sees on white and with the other
/// light ones a little darker there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Background,
    Foreground,
    /// Text and lines that stand back.
    Muted,
    Grid,
    /// A series, counted from 0; colours come again after [`Ink::SERIES`].
    Series(usize),
}

impl Ink {
    /// Number of colours of series.
    pub(super) const SERIES: usize = 7;

    const ALL: [(&'static str, &'static str, &'static str); 4 + Self::SERIES] = [
        ("bg", "#ffffff", "#15181c"),
        ("fg", "#1b1f24", "#e6e8eb"),
        ("muted", "#57606a", "#a3abb5"),
        ("grid", "#e4e7eb", "#2b3036"),
        ("s0", "#0072b2", "#4aa8e0"),
        ("s1", "#d55e00", "#f2843e"),
        ("s2", "#009e73", "#2fc49a"),
        ("s3", "#b3568c", "#e39cc6"),
        ("s4", "#c98700", "#f0b43c"),
        ("s5", "#3f9bd1", "#9ad4f5"),
        ("s6", "#595f66", "#bdc3ca"),
    ];

    fn entry(self) -> (&'static str, &'static str, &'static str) {
        Self::ALL[match self {
            Self::Background => 0,
            Self::Foreground => 1,
            Self::Muted => 2,
            Self::Grid => 3,
            Self::Series(number) => 4 + number % Self::SERIES,
        }]
    }

    /// Name of its class.
    pub(super) fn class(self) -> &'static str {
        self.entry().0
    }

    /// Its colour on white, as `#rrggbb`.
    pub(super) fn light(self) -> &'static str {
        self.entry().1
    }

    /// Class and colour on black of every ink.
    pub(super) fn dark() -> impl Iterator<Item = (&'static str, &'static str)> {
        Self::ALL.iter().map(|(class, _, dark)| (*class, *dark))
    }

    /// Its colour on white as red, green and blue.
    pub(super) fn rgb(self) -> [u8; 3] {
        let digits = self.light().trim_start_matches('#');
        let part = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        [0, 2, 4].map(|at| part(at).unwrap_or(0))
    }
}
