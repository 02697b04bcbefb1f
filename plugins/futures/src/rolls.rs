//! From one contract to the next: by the volume of the day before, and never back.

use crate::bars::Bars;
use crate::sessions::{DayRows, Session};
use crate::symbols::Contracts;

/// Months of the quarterly contracts by their letter (CME rulebook, chapter 358).
const MONTHS: [(u8, i32); 4] = [(b'H', 3), (b'M', 6), (b'U', 9), (b'Z', 12)];

/// When the contract changes. The reference takes the one with most volume on the day itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lead {
    /// How many times the volume of the contract held a later one must exceed,
    pub volume_ratio: f64,
    /// on so many trading days in a row.
    pub days: usize,
}

/// How prices of one contract are made to join those of the next. The reference does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// By adding the difference at the roll: changes in points stay as they were.
    ByDifference,
    /// By multiplying with the ratio at the roll: returns stay as they were.
    ByRatio,
}

/// What is done to a price so that it joins those of the last contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjustment {
    /// Added first, ticks.
    pub ticks: i32,
    /// Multiplied with then.
    pub factor: f64,
}

/// One change of contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roll {
    /// The contract left.
    pub from: u16,
    /// The contract taken.
    pub to: u16,
    /// Open of the first session in the new contract, seconds since 1970.
    pub time_seconds: i64,
    /// New minus old contract at the close of the session before, ticks; `None` when one of them was not traded.
    pub basis_ticks: Option<i32>,
    /// New over old contract at that close.
    pub ratio: Option<f64>,
    /// Contracts traded of the old one on the trading day before.
    pub from_volume: u64,
    /// Contracts traded of the new one on the trading day before.
    pub to_volume: u64,
}

/// The contract of each trading day, known before that day begins: the one that leads on the day before, or on several, if
/// it expires later than the one held. The first day has no day before; its own trade before `open_seconds` decides, and
/// without any the contract that expires first.
#[must_use]
pub fn by_previous_day(
    bars: &Bars,
    days: &[DayRows],
    volumes: &[Vec<u64>],
    open_seconds: i64,
    lead: Lead,
    contracts: &Contracts,
) -> Vec<u16> {
    let Some((first_day, first_rows)) = days.first() else { return Vec::new() };
    let year = i32::from(first_day.date.year());
    let expiry = |contract: u16| expiry_months(contracts.symbol(contract), year);
    let mut overnight = vec![0; contracts.len()];
    let mut traded = vec![false; contracts.len()];
    for row in first_rows.clone() {
        traded[usize::from(bars.contract[row])] = true;
        if bars.time_seconds[row] < open_seconds {
            overnight[usize::from(bars.contract[row])] += u64::from(bars.volume[row]);
        }
    }
    let outright: Vec<u16> = (0..contracts.len())
        .filter_map(|index| u16::try_from(index).ok())
        .filter(|contract| contracts.is_outright(*contract))
        .collect();
    let first = outright.iter().copied().filter(|contract| traded[usize::from(*contract)]);
    let first =
        first.min_by_key(|contract| (u64::MAX - overnight[usize::from(*contract)], expiry(*contract)));
    let Some(mut held) = first else { return Vec::new() };
    let mut chosen = vec![held];
    // The contract that leads, and for how many days it has.
    let mut leading = (held, 0);
    for volumes in &volumes[..days.len() - 1] {
        let volume = |contract: u16| volumes[usize::from(contract)];
        let later = outright.iter().copied().filter(|contract| expiry(*contract) > expiry(held));
        let most = later.max_by_key(|contract| (volume(*contract), -expiry(*contract)));
        #[expect(clippy::cast_precision_loss, reason = "volumes of a day")]
        let leads = |most: &u16| volume(*most) as f64 > lead.volume_ratio * volume(held) as f64;
        leading = match most.filter(leads) {
            Some(most) if most == leading.0 => (most, leading.1 + 1),
            Some(most) => (most, 1),
            None => (held, 0),
        };
        if leading.1 >= lead.days {
            held = leading.0;
        }
        chosen.push(held);
    }
    chosen
}

/// Months since year 0 at which a contract expires. A year of one digit is the one around the recording's.
fn expiry_months(symbol: &str, recording_year: i32) -> i32 {
    let letter = symbol.as_bytes().get(2).copied().unwrap_or_default();
    let month = MONTHS.iter().find(|(known, _)| *known == letter).map_or(0, |(_, month)| *month);
    let digits = symbol.get(3..).unwrap_or_default();
    let span = if digits.len() == 2 { 100 } else { 10 };
    let number: i32 = digits.parse().unwrap_or_default();
    let mut year = recording_year - recording_year % span + number;
    if year < recording_year - 1 {
        year += span;
    }
    year * 12 + month
}

/// The changes between sessions.
#[must_use]
pub fn rolls(bars: &Bars, days: &[DayRows], volumes: &[Vec<u64>], sessions: &[Session]) -> Vec<Roll> {
    let changes = sessions.windows(2).filter(|pair| pair[0].contract != pair[1].contract);
    let roll = |pair: &[Session]| {
        let (old, new) = (&pair[0], &pair[1]);
        let close_of = |contract| {
            let rows = old.rows.clone().rev();
            let mut before = rows.filter(|row| bars.time_seconds[*row] < old.close_seconds);
            before.find(|row| bars.contract[*row] == contract).map(|row| bars.close_ticks[row])
        };
        // The day that decided is the one before the new session's, which may have had no session itself.
        let decided =
            days.iter().position(|(day, _)| day.date == new.date).unwrap_or_default().saturating_sub(1);
        let volume = |contract: u16| volumes[decided][usize::from(contract)];
        let closes = close_of(new.contract).zip(close_of(old.contract));
        Roll {
            from: old.contract,
            to: new.contract,
            time_seconds: new.open_seconds,
            basis_ticks: closes.map(|(new, old)| new - old),
            ratio: closes.map(|(new, old)| f64::from(new) / f64::from(old)),
            from_volume: volume(old.contract),
            to_volume: volume(new.contract),
        }
    };
    changes.map(roll).collect()
}

/// What is done to the prices of each session so that they join those of the last contract: all later rolls together.
#[must_use]
pub fn adjustments(sessions: &[Session], rolls: &[Roll], joined: Joined) -> Vec<Adjustment> {
    let of_session = |session: &Session| {
        let later = || rolls.iter().filter(|roll| roll.time_seconds > session.open_seconds);
        match joined {
            Joined::ByDifference => {
                Adjustment { ticks: later().filter_map(|roll| roll.basis_ticks).sum(), factor: 1.0 }
            }
            Joined::ByRatio => {
                Adjustment { ticks: 0, factor: later().filter_map(|roll| roll.ratio).product() }
            }
        }
    };
    sessions.iter().map(of_session).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contracts_are_ordered_by_what_they_expire_on() {
        let order = ["ESU9", "ESZ9", "ESH0", "ESM0", "ESU0"].map(|symbol| expiry_months(symbol, 2019));
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(expiry_months("ESH25", 2025), expiry_months("ESH5", 2025));
        assert_eq!(expiry_months("ESZ4", 2025), 2024 * 12 + 12);
        assert_eq!(expiry_months("ESM3", 2025), 2033 * 12 + 6);
    }
}
