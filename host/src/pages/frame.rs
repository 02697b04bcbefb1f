//! What stands on every page, and the small parts that pages are made of.
//!
//! A state is told three times: by colour, by shape and by word, so that whoever sees one of them is told.

use askama::Template;

use super::shown::Commands;
use crate::health::{Alert, CheckStatus, Health, Status};

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Good,
    Notice,
    Bad,
    Busy,
    Idle,
}

impl Level {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Bad => "bad",
            Self::Busy => "busy",
            Self::Idle => "idle",
        }
    }

    fn shape(self) -> &'static str {
        match self {
            Self::Good => "●",
            Self::Notice => "▲",
            Self::Bad => "■",
            Self::Busy => "◐",
            Self::Idle => "○",
        }
    }
}

impl From<Status> for Level {
    fn from(status: Status) -> Self {
        match status {
            Status::Healthy => Self::Good,
            Status::Degraded => Self::Notice,
            Status::Unhealthy => Self::Bad,
        }
    }
}

impl From<CheckStatus> for Level {
    fn from(status: CheckStatus) -> Self {
        match status {
            CheckStatus::Ok => Self::Good,
            CheckStatus::Unknown => Self::Idle,
            CheckStatus::Warning => Self::Notice,
            CheckStatus::Critical => Self::Bad,
        }
    }
}

/// A state in colour, shape and word.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    source = r#"<span class="mark {{ class }}"><span aria-hidden="true">{{ shape }}</span> {{ word }}</span>"#,
    ext = "html"
)]
pub(super) struct Mark {
    pub(super) class: &'static str,
    pub(super) shape: &'static str,
    pub(super) word: String,
}

impl Mark {
    pub(super) fn new(level: Level, word: impl Into<String>) -> Self {
        Self { class: level.class(), shape: level.shape(), word: word.into() }
    }
}

/// A part of a whole as a bar; a stroke stands where it should stop.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(
    source = r#"<svg class="meter {{ class }}{% if small %} score{% endif %}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{{ name }}: {{ amount }}"><rect class="track" width="100" height="10" rx="2"/><rect class="fill" width="{{ width }}" height="10" rx="2"/>{% if let Some(limit) = limit %}<path class="limit" d="M{{ limit }} 0V10"/>{% endif %}</svg>"#,
    ext = "html"
)]
pub(super) struct Meter {
    pub(super) name: &'static str,
    pub(super) amount: String,
    class: &'static str,
    width: String,
    limit: Option<String>,
    small: bool,
}

impl Meter {
    pub(super) fn new(
        name: &'static str,
        level: Level,
        (percent, amount): (f64, String),
        limit: Option<f64>,
    ) -> Self {
        let place = |percent: f64| format!("{:.1}", percent.clamp(0.0, 100.0));
        let limit = limit.map(place);
        Self { name, amount, class: level.class(), width: place(percent), limit, small: false }
    }
}

/// A score between 0 and 1.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(source = "{{ meter|safe }}", ext = "html")]
pub(super) struct Score {
    meter: Meter,
    pub(super) value: f64,
    pub(super) text: String,
}

impl Score {
    /// Below 0.8 somebody should look, below 0.6 the data are hardly worth using: the thresholds of the requirements.
    pub(super) fn new(value: f64) -> Self {
        let level = match value {
            low if low < 0.6 => Level::Bad,
            some if some < 0.8 => Level::Notice,
            _ => Level::Good,
        };
        let text = format!("{value:.3}");
        let meter = Meter::new("Quality", level, (100.0 * value, text.clone()), None);
        Self { meter: Meter { small: true, ..meter }, value, text }
    }
}

/// An alert with its state.
#[derive(Debug)]
pub(super) struct AlertLine {
    pub(super) mark: Mark,
    pub(super) cause: String,
    pub(super) action: Commands,
}

impl AlertLine {
    pub(super) fn of(alerts: &[Alert]) -> Vec<Self> {
        let line = |alert: &Alert| Self {
            mark: Mark::new(alert.severity.into(), alert.check.replace('_', " ")),
            cause: alert.cause.clone(),
            action: Commands::new(&alert.action),
        };
        alerts.iter().map(line).collect()
    }
}

/// What stands on every page.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) page: &'static str,
    pub(super) verdict: Mark,
    pub(super) version: &'static str,
    pub(super) seen_at: String,
}

impl Frame {
    pub(super) fn new(title: impl Into<String>, page: &'static str, health: &Health) -> Self {
        Self {
            title: title.into(),
            page,
            verdict: Mark::new(health.status.into(), health.status.to_string()),
            version: health.version,
            seen_at: health.timestamp.clone(),
        }
    }

    /// Address and name of the pages that every page leads to.
    #[expect(clippy::unused_self, reason = "the template asks the frame")]
    pub(super) fn pages(&self) -> [(&'static str, &'static str); 4] {
        [("/", "Overview"), ("/runs", "Runs"), ("/modules", "Modules"), ("/health-report", "Health")]
    }
}
