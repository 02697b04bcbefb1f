//! Batches of the table `data` in strict mode.

use std::ops::Range;
use std::sync::Arc;

use plugin_api::{Column, ColumnKind, Field};

use super::Strict;
use crate::columns;
use crate::feature_statistics::Collected;
use crate::features::{self, Features, Series, WarmUp};
use crate::labels::{MODES, Mode, Scan, Trade, modes, uniqueness};
use crate::ticks::{TICK_POINTS, points};
use crate::weights;

/// Makes batches; what a session needs as a whole is kept until its last batch.
pub(super) struct Rows {
    strict: Arc<Strict>,
    session: Option<usize>,
    scan: Scan,
    modes: [Mode; MODES.len()],
    trades: Vec<[Trade; MODES.len()]>,
    unique: [Vec<f64>; MODES.len()],
    so_far: SoFar,
    features: Features,
    collected: Collected,
}

/// Since the session began: mean price by volume, highest and lowest price, for each row.
#[derive(Debug, Default)]
struct SoFar {
    vwap: Vec<Option<f64>>,
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Rows {
    pub(super) fn new(strict: Arc<Strict>, collected: Collected) -> Self {
        Self {
            scan: strict.scan(),
            modes: modes(strict.settings.pairs_ticks),
            strict,
            session: None,
            trades: Vec::new(),
            unique: Default::default(),
            so_far: SoFar::default(),
            features: Features::default(),
            collected,
        }
    }

    pub(super) fn batch(&mut self, session: usize, rows: Range<usize>) -> Vec<Column> {
        if self.session.replace(session) != Some(session) {
            self.enter(session);
        }
        let strict = Arc::clone(&self.strict);
        let whole = strict.prepared.rows(session);
        let local = rows.start - whole.start..rows.end - whole.start;
        let mut batch = self.inputs(session, &rows, &local);
        for mode in 0..MODES.len() {
            self.add_mode(mode, session, &local, &mut batch);
        }
        let series = Series { rows: strict.series(session), warm_up: WarmUp::Missing };
        let second = columns::second_of_day(&strict.prepared, session, rows.start);
        self.features.compute(&strict.prepared.grid.bars, &series, rows, second);
        self.collected.add(&self.features.columns);
        columns::add_features(&mut self.features, &mut batch);
        batch
    }

    /// What follows from a session as a whole.
    fn enter(&mut self, session: usize) {
        let strict = Arc::clone(&self.strict);
        strict.trades(session, &mut self.scan, &mut self.trades);
        let rows = strict.prepared.rows(session);
        for (mode, unique) in self.unique.iter_mut().enumerate() {
            uniqueness(rows.start, &self.trades, mode, strict.settings.tie, unique);
        }
        let bars = &strict.prepared.grid.bars;
        let so_far = &mut self.so_far;
        so_far.vwap.clear();
        so_far.high.clear();
        so_far.low.clear();
        let (mut traded, mut value) = (0_i64, 0_i64);
        let (mut high, mut low) = (i32::MIN, i32::MAX);
        for row in rows {
            traded += i64::from(bars.volume[row]);
            value = value.wrapping_add(i64::from(bars.volume[row]) * i64::from(bars.close_ticks[row]));
            #[expect(clippy::cast_precision_loss, reason = "sums of prices by volumes below 2^53")]
            let vwap = (traded > 0).then(|| value as f64 * TICK_POINTS / traded as f64);
            high = high.max(bars.high_ticks[row]);
            low = low.min(bars.low_ticks[row]);
            so_far.vwap.push(vwap);
            so_far.high.push(points(high));
            so_far.low.push(points(low));
        }
    }

    fn inputs(&self, session: usize, rows: &Range<usize>, local: &Range<usize>) -> Vec<Column> {
        let strict = &self.strict;
        let (grid, of_session) = (&strict.prepared.grid, &strict.prepared.sessions[session]);
        let bars = &grid.bars;
        let count = rows.len();
        let symbol = strict.contracts.symbol(of_session.contract);
        let date = of_session.date;
        let date = i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day());
        let adjustment = strict.adjustments[session];
        let adjusted = |ticks: &[i32]| -> Column {
            let adjusted = |ticks: &i32| points(ticks + adjustment.ticks) * adjustment.factor;
            ticks.iter().map(adjusted).collect::<Vec<f64>>().into()
        };
        // Sessions of the month before have no rows and no numbers.
        let number = session - strict.prepared.own.start;
        let last =
            |trades: &[Trade; MODES.len()]| trades.iter().map(|trade| trade.exit).max().unwrap_or_default();
        let ends = self.trades[local.clone()].iter().map(|trades| bars.time_seconds[last(trades) as usize]);
        vec![
            columns::times(&bars.time_seconds[rows.clone()]),
            vec![date; count].into(),
            vec![i32::try_from(number).unwrap_or(i32::MAX); count].into(),
            vec![symbol.to_owned(); count].into(),
            vec![i64::from(strict.contracts.instrument_id(of_session.contract)); count].into(),
            columns::prices(&bars.open_ticks[rows.clone()]),
            columns::prices(&bars.high_ticks[rows.clone()]),
            columns::prices(&bars.low_ticks[rows.clone()]),
            columns::prices(&bars.close_ticks[rows.clone()]),
            bars.volume[rows.clone()].iter().map(|volume| i64::from(*volume)).collect::<Vec<_>>().into(),
            grid.filled[rows.clone()].to_vec().into(),
            adjusted(&bars.open_ticks[rows.clone()]),
            adjusted(&bars.high_ticks[rows.clone()]),
            adjusted(&bars.low_ticks[rows.clone()]),
            adjusted(&bars.close_ticks[rows.clone()]),
            self.so_far.vwap[local.clone()].to_vec().into(),
            self.so_far.high[local.clone()].to_vec().into(),
            self.so_far.low[local.clone()].to_vec().into(),
            columns::times(&ends.collect::<Vec<_>>()),
            vec![strict.decays[session]; count].into(),
        ]
    }

    fn add_mode(&self, index: usize, session: usize, local: &Range<usize>, batch: &mut Vec<Column>) {
        let (strict, mode) = (&self.strict, &self.modes[index]);
        let (tie, times) = (strict.settings.tie, &strict.prepared.grid.bars.time_seconds);
        let start = strict.prepared.rows(session).start;
        let trades = || self.trades[local.clone()].iter().map(|trades| &trades[index]);
        let balance = [false, true].map(|won| strict.class_balance(index, won));
        let label = |trade: &Trade| trade.label(tie);
        let integers = |of: &dyn Fn(&Trade) -> i32| -> Column {
            trades().map(|trade| label(trade).map(|_| of(trade))).collect::<Vec<_>>().into()
        };
        // What a component says of a loser is 1: it changes nothing in a product.
        let component = |of: &dyn Fn(&Trade) -> f64| -> Column {
            let of = |trade: &Trade| label(trade).map(|won| if won { of(trade) } else { 1.0 });
            trades().map(of).collect::<Vec<_>>().into()
        };
        let holding: Vec<i64> = (start + local.start..)
            .zip(trades())
            .map(|(row, trade)| (times[trade.exit as usize] - times[row] - 1).max(0))
            .collect();
        let unique = || trades().zip(&self.unique[index][local.clone()]);
        let balance_of = |won: bool| balance[usize::from(won)];
        let decay = strict.decays[session];
        let held = holding.iter().zip(trades()).map(|(held, trade)| label(trade).map(|_| *held));
        let velocity = holding.iter().zip(trades());
        let velocity = velocity
            .map(|(held, trade)| label(trade).map(|won| if won { weights::velocity(*held) } else { 1.0 }));
        let exits = trades().map(|trade| times[trade.exit as usize]).collect::<Vec<_>>();
        let uniques = unique().map(|(trade, unique)| label(trade).map(|_| *unique));
        let balances = trades().map(|trade| label(trade).map(balance_of));
        let weight = unique().map(|(trade, unique)| label(trade).map(|won| decay * unique * balance_of(won)));
        batch.extend([
            integers(&|trade| i32::from(trade.label(tie) == Some(true))),
            trades().map(|trade| trade.outcome as i32).collect::<Vec<_>>().into(),
            columns::times(&exits),
            held.collect::<Vec<_>>().into(),
            integers(&|trade| trade.adverse_ticks),
            integers(&|trade| trade.favourable_ticks),
            integers(&|trade| trade.gross_ticks),
            component(&|trade| weights::quality(trade.adverse_ticks, mode.stop_ticks)),
            velocity.collect::<Vec<_>>().into(),
            uniques.collect::<Vec<_>>().into(),
            balances.collect::<Vec<_>>().into(),
            weight.collect::<Vec<_>>().into(),
        ]);
    }
}

/// Names and types of the columns.
pub(super) fn fields() -> Vec<Field> {
    use ColumnKind::{Boolean, Float64, Int32, Int64, TimestampNanosecondsUtc, Utf8};
    let inputs = [
        ("timestamp", TimestampNanosecondsUtc),
        ("trade_date", Int32),
        ("session", Int32),
        ("symbol", Utf8),
        ("instrument_id", Int64),
        ("open", Float64),
        ("high", Float64),
        ("low", Float64),
        ("close", Float64),
        ("volume", Int64),
        ("is_filled", Boolean),
        ("open_adjusted", Float64),
        ("high_adjusted", Float64),
        ("low_adjusted", Float64),
        ("close_adjusted", Float64),
        ("session_vwap", Float64),
        ("session_high", Float64),
        ("session_low", Float64),
        ("label_end_time", TimestampNanosecondsUtc),
        ("decay", Float64),
    ];
    let of_mode = [
        ("label", Int32),
        ("outcome", Int32),
        ("exit_time", TimestampNanosecondsUtc),
        ("holding_seconds", Int64),
        ("adverse_ticks", Int32),
        ("favourable_ticks", Int32),
        ("gross_ticks", Int32),
        ("quality", Float64),
        ("velocity", Float64),
        ("uniqueness", Float64),
        ("class_balance", Float64),
        ("weight", Float64),
    ];
    let field = |name: &str, kind| Field { name: name.to_owned(), kind };
    let mut fields: Vec<Field> = inputs.map(|(name, kind)| field(name, kind)).into();
    for mode in MODES {
        fields.extend(of_mode.map(|(name, kind)| field(&format!("{name}_{}", mode.name), kind)));
    }
    fields.extend(features::NAMES.map(|(name, whole)| field(name, if whole { Int32 } else { Float64 })));
    fields
}
