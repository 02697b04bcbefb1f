//! What people look at: plots, reports, and the chi-squared at a stated model.

use libtest_mimic::Trial;
use tests::{Sandbox, fixture};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("pictures::a_plot_shows_what_the_module_declares", &[], plot),
        trial("pictures::chi_squared_at_a_stated_model_is_that_of_the_file", &[], chi_squared),
        trial("pictures::a_report_is_one_page_that_needs_nothing", &[], report),
        trial("pictures::a_module_that_lies_about_a_model_or_plot_is_refused", &[], lies),
    ]
}

fn example() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve"]).success();
    sandbox
}

fn read(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    std::fs::read(sandbox.path("work").join(name)).unwrap()
}

fn plot() {
    let sandbox = example();
    let drawn = sandbox.json(["plot", "example_star", "-o", "star.svg"]);
    assert_eq!((&drawn["schema"], &drawn["data"]["plot"]), (&"host.plot/1".into(), &"brightness".into()));
    let svg = String::from_utf8(read(&sandbox, "star.svg")).unwrap();
    for text in ["time since the first observation (d)", "difference from constant", "observations"] {
        assert!(svg.contains(&format!(">{text}</text>")), "`{text}` is not in {svg}");
    }
    // Five observations, in both panels, and one in the legend.
    assert_eq!(svg.matches("<circle").count(), 11);
    let path = sandbox.json(["path", "example_star"])["data"]["path"].as_str().unwrap().to_owned();
    let _ = sandbox.run(["plot", &path, "--plot", "brightness", "--output", "again.svg"]).success();
    assert_eq!(read(&sandbox, "again.svg"), svg.as_bytes());
    let _ = sandbox.run(["plot", "example_star", "-o", "star.PNG"]).success();
    assert!(read(&sandbox, "star.PNG").starts_with(b"\x89PNG"));
    let misspelt = ["plot", "example_star", "--plot", "brigthness", "-o", "x.svg"];
    let _ = sandbox.run(misspelt).failure(2, &["did you mean `--plot brightness`", "its plots are"]);
    let _ = sandbox.run(["plot", "example_star", "-o", "star.pdf"]).failure(2, &["`.svg` or `.png`"]);
    let _ = sandbox.run(["plot", "example_star", "-o", "no/where.svg"]).failure(18, &["no/where.svg"]);
}

fn chi_squared() {
    let sandbox = example();
    // Magnitudes and errors of brightness.csv; errors are independent, so the offset is the weighted mean.
    let rows = [(12.31, 0.02), (12.42, 0.02), (12.58, 0.03), (12.44, 0.02), (12.30, 0.03)];
    let fluxes = rows.map(|(magnitude, error)| {
        let flux = 10_f64.powf(-0.4 * (magnitude - 12.0));
        (flux, flux * 0.4 * std::f64::consts::LN_10 * error)
    });
    let weight: f64 = fluxes.iter().map(|(_, error)| error.powi(-2)).sum();
    let mean = fluxes.iter().map(|(flux, error)| flux / error.powi(2)).sum::<f64>() / weight;
    let expected: f64 = fluxes.iter().map(|(flux, error)| ((flux - mean) / error).powi(2)).sum();
    let shown = sandbox.json(["show", "example_star"]);
    let model = shown.pointer("/data/models/0").unwrap();
    let number = |key: &str| model[key].as_f64().unwrap();
    assert!((number("chi_squared") / expected - 1.0).abs() < 1e-12, "{model}");
    assert!((number("offset") / mean - 1.0).abs() < 1e-12, "{model}");
    assert_eq!(model["degrees_of_freedom"], 4);
    let text = sandbox.run(["show", "example_star"]).success().stdout;
    assert!(text.contains("constant_brightness") && text.contains(&format!("{expected:.4}")), "{text}");
}

fn report() {
    let sandbox = example();
    let _ = sandbox.run(["report", "example_star"]).success();
    let page = String::from_utf8(read(&sandbox, "example_star.html")).unwrap();
    let version = sandbox.json(["path", "example_star"])["data"]["version"].as_str().unwrap().to_owned();
    // The digest of brightness.csv as the module's manifest has it.
    let input = "42ef6802608f7fd5dc02c7b4ff699eb7a2aec49bf0851ef4fc4195c574b8ca0b";
    for text in [
        &*version,
        input,
        "reference_magnitude",
        "constant_brightness",
        "host export example_star --format npz",
    ] {
        assert!(page.contains(text), "`{text}` is not in the page");
    }
    assert_eq!(page.matches("<figure>").count(), 1);

    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let _ = sandbox.run(["report", "desi_dr2_bao", "-o", "bao.html"]).success();
    let bao = String::from_utf8(read(&sandbox, "bao.html")).unwrap();
    assert!(
        bao.contains("@misc{DESI2025,") && bao.contains("eprint = {2503.14738}"),
        "no BibTeX in the page"
    );
    for page in [page, bao] {
        for reference in ["<script", "<link", "<img", "<iframe", "@import", "url("] {
            assert!(!page.contains(reference), "{reference}");
        }
        assert_eq!(page.matches("<section>").count(), page.matches("</section>").count());
        assert!(page.ends_with("</html>") || page.ends_with("</html>\n"));
    }
}

fn lies() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    for (deed, texts) in [
        ("lying-model", ["model.shape: model `liar`", "2 predictions"]),
        ("lying-plot", ["plot.reference: plot `nowhere`", "no table `elsewhere`"]),
    ] {
        let deed = format!("deed={deed}");
        let _ = sandbox.run(["prepare", "--plugin", "hostile", "--param", &deed]).failure(3, &texts);
    }
    let _ = sandbox.run(["prepare", "--plugin", "hostile"]).success();
    let _ = sandbox.run(["plot", "behaved", "-o", "x.svg"]).failure(2, &["no plot", "declared none"]);
}
