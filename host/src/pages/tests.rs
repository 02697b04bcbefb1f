use std::collections::BTreeMap;

use super::*;
use crate::health::testing::{LIMITS, module, place, well};
use crate::health::{Observed, Seen, judge};
use crate::journal::{Request, RunId};
use crate::metrics::testing::row;
use crate::modules::standing;
use crate::registry::index::Row;

fn seen(observed: Observed) -> Seen {
    Seen { health: judge(&observed, &LIMITS), observed, limits: LIMITS }
}

const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"x' style='y";

/// Nothing that [`CONTENT_SECURITY_POLICY`] forbids, and no text that became markup.
fn demand_harmless(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert!(page.contains("<script src=\"/assets/refresh.js\" defer></script>"));
    for forbidden in ["<style", " style=\"", "<img", "onload=\"", "href=\"http", "src=\"http", "javascript:"]
    {
        assert!(!page.contains(forbidden), "{forbidden} is in {page}");
    }
    for demanded in ["<html lang=\"en\">", "class=\"skip\" href=\"#content\"", "<h1", "name=\"viewport\""] {
        assert!(page.contains(demanded), "{demanded} is not in {page}");
    }
}

#[test]
fn the_overview_says_what_is_the_matter_and_what_to_type() {
    let page = |observed: Observed, rows: &[Row]| {
        written(&overview::page(&seen(observed), rows, &[], &Runs::default())).unwrap()
    };
    let well_page = page(well(), &[row("first")]);
    demand_harmless(&well_page);
    for text in [
        "All is well",
        "href=\"/datasets/first\"",
        "● </span>",
        "<data value=\"3456\">3.4 KiB</data>",
        "0.750",
    ] {
        let text = text.replace("● </span>", "●</span>");
        assert!(well_page.contains(&text), "{text} is not in {well_page}");
    }
    let ill = page(Observed { audit: Err("line 3: edited".to_owned()), ..well() }, &[]);
    assert!(ill.contains("Not to be relied on; 1 thing to put right") && ill.contains("■"), "{ill}");
    assert!(ill.contains("<code>host audit verify</code>") && ill.contains("No datasets yet"), "{ill}");
}

#[test]
fn what_modules_and_files_say_is_text_everywhere() {
    let mut observed = well();
    let mut changed = module("one", standing::Status::Changed);
    (changed.title, changed.reason) = (Some(HOSTILE.to_owned()), Some(HOSTILE.to_owned()));
    changed.version = Some(HOSTILE.to_owned());
    observed.modules.push(changed);
    observed.log_file_sizes.insert(HOSTILE.to_owned(), 1);
    observed.audit = Err(HOSTILE.to_owned());
    let row = Row {
        title: Some(HOSTILE.to_owned()),
        damage: Some(HOSTILE.to_owned()),
        module_id: Some(HOSTILE.to_owned()),
        registered_at: Some(HOSTILE.to_owned()),
        ..row("first")
    };
    let seen = seen(observed);
    demand_harmless(&written(&overview::page(&seen, &[row], &[], &Runs::default())).unwrap());
    demand_harmless(&written(&overview::modules_page(&seen)).unwrap());
    demand_harmless(&written(&overview::health_page(&seen)).unwrap());
}

#[test]
fn a_retired_dataset_is_not_shown_as_current() {
    let retired = Row { retired: Some("a better one is there".to_owned()), ..row("first") };
    let page = written(&overview::page(&seen(well()), &[retired], &[], &Runs::default())).unwrap();
    assert!(page.contains("○</span> retired") && page.contains("a better one is there"), "{page}");
}

/// The colours of a theme by their names.
fn palette(block: &str) -> BTreeMap<&str, [f64; 3]> {
    let colour = |digits: &str| {
        [0, 2, 4].map(|at| {
            let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
            // Relative luminance: WCAG 2.2, definitions.
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    };
    let names = block.split("--").skip(1);
    let pairs = names.filter_map(|text| {
        let (name, rest) = text.split_once(": #")?;
        Some((name, colour(&rest[..6])))
    });
    pairs.collect()
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_colour_is_told_from_its_ground_by_light_and_in_the_dark() {
    let mut themes = STYLE.split(":root {").skip(1);
    for theme in ["light", "dark"] {
        let palette = palette(themes.next().unwrap().split('}').next().unwrap());
        assert!(palette.len() > 10, "{theme}: {palette:?}");
        let demand = |name: &str, least: f64| {
            for ground in ["page", "card"] {
                let found = contrast(palette[name], palette[ground]);
                assert!(found >= least, "{theme}: {name} on {ground} has {found:.2}, {least} is needed");
            }
        };
        for text in ["text", "muted", "link", "good", "notice", "bad", "busy", "idle"] {
            demand(text, 4.5);
        }
        demand("focus", 3.0);
        for fill in ["good", "notice", "bad", "busy"] {
            let found = contrast(palette[fill], palette["track"]);
            assert!(found >= 3.0, "{theme}: {fill} on its track has {found:.2}");
        }
    }
    assert!((contrast([1.0; 3], [0.0; 3]) - 21.0).abs() < 1e-9);
}

#[test]
fn the_style_sheet_and_the_script_ask_for_nothing() {
    for text in [style_sheet(), SCRIPT.to_owned(), ICON.to_owned()] {
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for reference in ["@import", "url(", "http:", "https:", "eval(", "innerHTML = \""] {
            assert!(!text.contains(reference), "{reference}");
        }
    }
    assert!(style_sheet().contains(".picture .fg"));
}

#[test]
fn a_place_without_a_data_root_has_pages_too() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("nothing");
    let site = Site::new(Arc::new(Monitor::of_service(place(&root))), PathBuf::new(), 100);
    for page in [site.overview(vec![]), site.runs(vec![]), site.modules(), site.health()] {
        demand_harmless(&page.unwrap());
    }
    assert!(site.overview(vec![]).unwrap().contains("there is no data root at"));
    assert_eq!(site.run("../../etc/passwd", None).unwrap_err().kind, Kind::Usage);
    assert!(site.dataset("../x").is_err());
    assert!(!root.exists(), "looking makes nothing");
}

/// A run that had just been answered with 202 was on no page.
#[test]
fn a_run_that_waits_is_on_every_page_about_runs() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new(Arc::new(Monitor::of_service(place(folder.path()))), PathBuf::new(), 100);
    let request = Request { plugin: Some(HOSTILE.to_owned()), ..Request::default() };
    let waiting = WaitingRun { id: RunId::new(), accepted_at: crate::clock::now(), request };
    let id = waiting.id.to_string();
    let overview = site.overview(vec![waiting.clone()]).unwrap();
    assert!(overview.contains("nothing runs · 1 waits"), "{overview}");
    for page in [overview, site.runs(vec![waiting.clone()]).unwrap(), site.run(&id, Some(&waiting)).unwrap()]
    {
        demand_harmless(&page);
        assert!(page.contains(&id) && page.contains("waiting"), "{page}");
    }
}
