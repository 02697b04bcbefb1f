//! Whole pictures: what they hold, that they are the same each time, and that no dataset breaks them.

use std::collections::BTreeMap;

use plugin_api::{Plot, ReferenceModel};
use proptest::prelude::*;

use super::{Picture, choose};
use crate::dataset::samples::{correlation, dataset, ellipses, floats, model, points, table, texts};
use crate::dataset::{Dataset, SquareMatrix};

fn logarithmic(mut plot: Plot) -> Plot {
    if let Plot::Points { x, .. } = &mut plot {
        x.logarithmic = true;
    }
    plot
}

fn with_model() -> Dataset {
    Dataset { models: vec![model()], ..dataset() }
}

#[test]
fn points_have_axes_units_legend_and_residuals() {
    let svg = Picture::new(&with_model(), &points()).svg();
    for text in [
        "place (m)",
        "observable (kg m⁻²)",
        "lengths",
        "twice the weights",
        "a model",
        "observed − model (kg m⁻²)",
    ] {
        assert!(svg.contains(&format!(">{text}</text>")), "{text}");
    }
    // Two circles for lengths and one square for weights, in both panels, beside the legend's.
    assert_eq!(svg.matches("<circle").count(), 2 * 2 + 1);
    assert!(!svg.contains("no residuals"), "{svg}");
    assert_eq!(svg.matches("<svg").count(), 1 + 2);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let mut one = with_model();
    one.models.clear();
    let svg = Picture::new(&one, &logarithmic(points())).svg();
    assert!(svg.contains("no residuals: there is no model `flat`"), "{svg}");
    one.tables.clear();
    let svg = Picture::new(&one, &points()).svg();
    assert!(svg.contains("series “lengths” is not in the dataset"), "{svg}");
    let mut zero = with_model();
    zero.tables[0] = table(
        "data",
        vec![
            ("kind", texts(&["length", "length", "weight"])),
            ("place", floats(&[0.0, 1.0, f64::NAN])),
            ("observable", floats(&[1.0, 2.0, 3.0])),
            ("uncertainty", floats(&[1.0, 2.0, 3.0])),
        ],
    );
    let svg = Picture::new(&zero, &logarithmic(points())).svg();
    assert!(svg.contains("2 of 3 points cannot be shown on these axes"), "{svg}");
}

#[test]
fn correlations_and_ellipses_are_drawn() {
    let svg = Picture::new(&dataset(), &correlation()).svg();
    // cov(a, b) = 0.05 with errors 0.5 and 0.25.
    assert!(svg.contains(">0.40</text>") && svg.contains("data:image/png;base64,iVBOR"), "{svg}");
    let svg = Picture::new(&dataset(), &ellipses()).svg();
    assert!(
        svg.contains(">a (1) = 13.00 ± 0.50</text>") || svg.contains(">a = 13.00 ± 0.50</text>"),
        "{svg}"
    );
    assert!(svg.contains(">b (kg)</text>"), "{svg}");
    assert_eq!(svg.matches("<svg").count(), 1 + 3);
}

#[test]
fn the_same_dataset_gives_the_same_bytes_and_no_text_leaves_its_place() {
    let hostile = "</text></svg><script>alert(1)</script>&\u{1b}[2J";
    let mut plot = points();
    if let Plot::Points { title, x, series, .. } = &mut plot {
        hostile.clone_into(title);
        hostile.clone_into(&mut x.label);
        hostile.clone_into(&mut series[0].label);
    }
    let picture = Picture::new(&with_model(), &plot);
    let svg = picture.svg();
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}'));
    assert_eq!(svg.matches("</svg>").count(), 3);
    assert_eq!(svg, Picture::new(&with_model(), &plot).svg());
    let png = picture.png().unwrap();
    assert_eq!(png, Picture::new(&with_model(), &plot).png().unwrap());
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let decoder = png::Decoder::new(std::io::Cursor::new(&png));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.width, 1520);
    let ink = pixels.chunks_exact(3).filter(|pixel| pixel.iter().any(|part| *part < 128)).count();
    assert!(ink > 3000, "only {ink} dark pixels");
}

#[test]
fn the_plot_is_chosen_by_name_or_by_what_it_is() {
    let plots: BTreeMap<String, Plot> =
        [("a_matrix", correlation()), ("over_place", points()), ("regions", ellipses())]
            .map(|(name, plot)| (name.to_owned(), plot))
            .into();
    assert_eq!(choose(&plots, None).unwrap().0, "over_place");
    assert_eq!(choose(&plots, Some("regions")).unwrap().0, "regions");
    let error = choose(&plots, Some("over_plaec")).unwrap_err();
    assert!(
        error.hints[0].contains("did you mean `--plot over_place`") && error.hints[1].contains("`a_matrix`")
    );
    let only = BTreeMap::from([("a_matrix".to_owned(), correlation())]);
    assert_eq!(choose(&only, None).unwrap().0, "a_matrix");
    assert!(choose(&BTreeMap::new(), Some("x")).unwrap_err().message.contains("no plot"));
}

/// A number that a file may hold.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3_f64,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Empty, one row, all equal, NaN, infinite, huge, tiny; matrices of another size; models of another length.
    #[test]
    fn no_dataset_breaks_a_picture(
        rows in prop::collection::vec((any_number(), any_number(), any_number()), 0..6),
        equal: bool,
        elements in prop::collection::vec(any_number(), 0..26),
        prediction in prop::collection::vec(any_number(), 0..6),
        scale in any_number(),
        logarithmic: bool,
    ) {
        let part = |at: fn(&(f64, f64, f64)) -> f64| {
            let values: Vec<f64> = rows.iter().map(if equal { |_: &_| 1.5 } else { at }).collect();
            floats(&values)
        };
        let names: Vec<String> = (0..rows.len()).map(|row| format!("row {row}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let size = elements.len().isqrt();
        let mut one = dataset();
        one.tables = vec![table("data", vec![
            ("row_id", texts(&names)),
            ("kind", texts(&vec!["length"; rows.len()])),
            ("place", part(|row| row.0)),
            ("observable", part(|row| row.1)),
            ("uncertainty", part(|row| row.2)),
        ])];
        one.matrices = vec![SquareMatrix { name: "covariance".to_owned(), size, values: elements.into() }];
        one.models = vec![ReferenceModel { prediction, ..model() }];
        let mut scaled = points();
        if let Plot::Points { series, x, y, .. } = &mut scaled {
            series[0].scale = scale;
            (x.logarithmic, y.logarithmic) = (logarithmic, logarithmic);
        }
        for plot in [scaled, correlation(), ellipses()] {
            let svg = Picture::new(&one, &plot).svg();
            prop_assert!(!svg.contains("NaN") || svg.contains(">NaN"), "{}", svg);
            prop_assert!(!svg.contains("\"inf") && !svg.contains(" inf") && svg.len() < 100_000);
        }
    }
}
