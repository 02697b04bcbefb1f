//! The pages in a real browser: what it shows is what the host says, in windows of 400, 800 and 1600 pixels, in light and
//! dark, with the keyboard alone and without a script.

mod browser;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::needs::Need;
use tests::{Sandbox, fixture};

use crate::serve::Service;
use crate::trial;
use browser::Browser;

const WIDTHS: [u32; 3] = [400, 800, 1600];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("pages::numbers_are_those_of_the_api", &[Need::Chromium], numbers),
        trial("pages::nothing_is_clipped_or_wider_than_the_window", &[Need::Chromium], widths),
        trial("pages::every_link_is_reached_by_the_keyboard_and_seen", &[Need::Chromium], keyboard),
        trial("pages::they_read_without_a_script", &[Need::Chromium], without_script),
        trial("pages::the_dark_is_dark", &[Need::Chromium], dark),
        trial("pages::what_changes_is_shown_as_it_happens", &[Need::Chromium], live),
        trial("pages::an_earlier_version_has_a_page_of_its_own", &[], versions),
    ]
}

/// A service, and the data root behind it, which goes when the service has ended.
struct World {
    service: Service,
    sandbox: Sandbox,
    address: String,
}

/// Nothing in a static ends by itself: [`end`] does it.
static SHARED: Mutex<Option<Arc<World>>> = Mutex::new(None);

/// A world that no trial changes.
fn shared() -> Arc<World> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(shared.get_or_insert_with(|| Arc::new(world())))
}

/// Ends what trials share, when all of them are over.
pub(crate) fn end() {
    drop(SHARED.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// A data root with datasets of several modules, one of them retired, a failed run, and the service that shows it. Its
/// limits are such as no machine reaches.
fn world() -> World {
    let sandbox = Sandbox::new();
    for module in ["bao", "sn", "cmb", "cc"] {
        let _ = sandbox.run(["prepare", "--plugin", module]).success();
    }
    let _ = sandbox.run(["prepare", "--plugin", "bao", "--input", "mean=nowhere.txt"]);
    let listed = sandbox.json(["list"]);
    let retired = listed["data"]["datasets"][0]["name"].as_str().unwrap().to_owned();
    let _ = sandbox.run(["retire", &retired, "--reason", "a <b>better</b> one is there"]).success();
    let limits = [
        ("PBUF_ALERTS_MEMORY_PERCENT", "100"),
        ("PBUF_ALERTS_DISK_WARNING_PERCENT", "100"),
        ("PBUF_ALERTS_DISK_PERCENT", "100"),
        ("PBUF_ALERTS_CPU_PERCENT", "100"),
        ("PBUF_SERVE_REQUESTS_PER_SECOND", "10000"),
    ];
    let service = Service::start(&sandbox, &[], &limits);
    let address = format!("http://{}", service.address);
    World { service, sandbox, address }
}

/// Every page that the overview leads to, and every page that those lead to.
fn addresses(browser: &mut Browser, address: &str) -> Vec<String> {
    let mut found = vec!["/".to_owned()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        browser.show(&format!("{address}{path}"), 1600);
        let links = "[...document.querySelectorAll('a[href^=\"/\"]')].map(link => link.getAttribute('href'))";
        for link in browser.evaluate(links).as_array().unwrap() {
            let link = link.as_str().unwrap().to_owned();
            if !found.contains(&link) {
                found.push(link);
            }
        }
        next += 1;
    }
    assert!(found.len() >= 8, "{found:?}");
    found
}

/// Name, state, rows and bytes of every dataset in the overview.
const SHOWN: &str = "[...document.querySelectorAll('tr[data-dataset]')].map(row => ({
    name: row.dataset.dataset, state: row.querySelector('.mark').innerText.trim().slice(2),
    values: [...row.querySelectorAll('data')].map(data => Number(data.value)) }))";

fn numbers() {
    let world = shared();
    let World { service, address, .. } = &*world;
    let listed = service.json("/api/v1/datasets");
    let datasets = listed["data"]["datasets"].as_array().unwrap();
    let expected: Vec<Value> = datasets
        .iter()
        .map(|row| {
            let state = if row["retired"].is_null() { "current" } else { "retired" };
            let mut values = vec![row["rows"].clone(), row["bytes"].clone()];
            if !row["quality_score"].is_null() {
                values.insert(0, row["quality_score"].clone());
            }
            json!({ "name": row["name"], "state": state, "values": values })
        })
        .collect();
    let modules = service.json("/api/v1/plugins");
    let usable = modules["data"]["modules"].as_array().unwrap().iter();
    let usable: BTreeMap<&str, &str> = usable
        .filter(|module| module["status"] == "usable")
        .map(|module| (module["id"].as_str().unwrap(), module["version"].as_str().unwrap()))
        .collect();
    let mut browser = Browser::start();
    for width in WIDTHS {
        browser.show(address, width);
        assert_eq!(browser.evaluate(SHOWN), json!(expected), "at {width} pixels");
        let shown = browser.evaluate(
            "Object.fromEntries([...document.querySelectorAll('tr[data-module]')]
                .map(row => [row.dataset.module, row.cells[1].innerText]))",
        );
        assert_eq!(shown, json!(usable), "at {width} pixels");
        assert_eq!(browser.evaluate("document.querySelector('h1').innerText.trim()"), "● All is well");
        assert_eq!(browser.evaluate("document.querySelectorAll('main b').length"), 0, "a reason is text");
        let runs = service.json("/api/v1/runs");
        let runs = runs["data"]["runs"].as_array().unwrap().iter();
        let expected: Vec<Value> = runs.map(|run| json!([run["id"], run["state"]])).collect();
        let shown = "[...document.querySelectorAll('tr[data-run]')]
            .map(row => [row.dataset.run, row.querySelector('.mark').innerText.trim().slice(2)])";
        assert_eq!(browser.evaluate(shown), json!(expected), "at {width} pixels");
    }
}

/// What stands out of the window or is cut off, apart from what can be scrolled to in its own frame.
const OUTSIDE: &str = "(() => {
    const scrolls = element => element && (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const faults = [];
    if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll('body *')) {
        const place = element.getBoundingClientRect(), style = getComputedStyle(element);
        if (!place.width || element.closest('.skip, svg, thead') || scrolls(element)) continue;
        const name = element.tagName + ': ' + element.textContent.trim().slice(0, 60);
        if (place.right > innerWidth + 0.5 || place.left < -0.5) faults.push(`outside: ${name}`);
        if (style.overflowX === 'hidden' && element.scrollWidth > element.clientWidth) faults.push(`cut off: ${name}`);
    }
    return faults;
})()";

fn widths() {
    let world = shared();
    let address = &world.address;
    let mut browser = Browser::start();
    for path in addresses(&mut browser, address) {
        for width in WIDTHS {
            browser.show(&format!("{address}{path}"), width);
            let faults = browser.evaluate(OUTSIDE);
            assert_eq!(faults, json!([]), "{path} at {width} pixels");
            assert!(browser.evaluate("document.querySelector('main').innerText.length").as_u64() > Some(80));
        }
    }
}

fn keyboard() {
    let world = shared();
    let address = &world.address;
    let mut browser = Browser::start();
    browser.show(address, 1600);
    let links = browser.evaluate("document.querySelectorAll('a[href], button').length").as_u64().unwrap();
    let mut reached = Vec::new();
    for _ in 0..links {
        browser.tab();
        let focused = browser.evaluate(
            "(() => { const one = document.activeElement, style = getComputedStyle(one), place = one.getBoundingClientRect();
                return { what: one.getAttribute('href') || one.textContent, tag: one.tagName,
                    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && place.left >= 0 && place.width > 0 }; })()",
        );
        assert!(focused["tag"] == "A" || focused["tag"] == "BUTTON", "{focused}");
        assert_eq!(focused["seen"], true, "{focused}");
        reached.push(focused["what"].as_str().unwrap().to_owned());
    }
    assert_eq!(reached[0], "#content", "the first is the way past the navigation");
    let all =
        browser.evaluate("[...document.querySelectorAll('a[href]')].map(link => link.getAttribute('href'))");
    for link in all.as_array().unwrap() {
        assert!(reached.iter().any(|one| link == one), "{link} is not reached: {reached:?}");
    }
}

fn without_script() {
    let world = shared();
    let World { service, address, .. } = &*world;
    let mut browser = Browser::start();
    browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    browser.show(address, 400);
    let text = browser.evaluate("document.body.innerText");
    let text = text.as_str().unwrap();
    assert!(text.contains("All is well") && !text.contains("Live"), "{text}");
    for row in service.json("/api/v1/datasets")["data"]["datasets"].as_array().unwrap() {
        assert!(text.contains(row["name"].as_str().unwrap()), "{row} is not in {text}");
    }
    // On a phone every value says what it is.
    let label = browser
        .evaluate("getComputedStyle(document.querySelector('td[data-label=Rows]'), '::before').content");
    assert_eq!(label, "\"Rows\"");
}

fn dark() {
    let world = shared();
    let address = &world.address;
    let mut browser = Browser::start();
    let brightness =
        "(() => { const part = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
        return (part[0] + part[1] + part[2]) / 3; })()";
    browser.show(address, 800);
    assert!(browser.evaluate(brightness).as_f64().unwrap() > 200.0);
    let light = browser.picture();
    let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.call("Emulation.setEmulatedMedia", &scheme);
    assert!(browser.evaluate(brightness).as_f64().unwrap() < 40.0);
    assert_ne!(light, browser.picture());
}

fn live() {
    let World { sandbox, service, address } = world();
    let mut browser = Browser::start();
    browser.show(&address, 1600);
    let waiting = "new Promise(done => { const look = () => {
        if (document.querySelector('tr[data-module]') && document.querySelectorAll('tr[data-dataset]').length === 5) done(true); };
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true }); look(); })";
    let _ = sandbox.run(["prepare", "--plugin", "rsd"]).success();
    assert_eq!(browser.evaluate(waiting), true);
    browser.demand_quiet();
    let listed = service.json("/api/v1/datasets");
    let names = browser
        .evaluate("[...document.querySelectorAll('tr[data-dataset]')].map(row => row.dataset.dataset)");
    let expected: Vec<&Value> =
        listed["data"]["datasets"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, json!(expected));
}

fn versions() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let version = |magnitude: &str| {
        let given = format!("reference_magnitude={magnitude}");
        let _ = sandbox
            .run(["prepare", "--plugin", "light_curve", "--name", "star", "--param", &given])
            .success();
        let shown = sandbox.json(["show", "star"]);
        shown.pointer("/data/record/version").and_then(Value::as_str).unwrap()[..12].to_owned()
    };
    let (earlier, current) = (version("11"), version("12"));
    let service = Service::start(&sandbox, &[], &[]);
    let page = |named: &str| {
        let answer = service.get(&format!("/datasets/{named}"));
        (answer.status, answer.body)
    };
    let (status, body) = page("star");
    assert_eq!(status, 200);
    for version in [&earlier, &current] {
        assert!(body.contains(&format!("href=\"/datasets/star@{version}\"")), "{body}");
    }
    let note = "This is not the current version";
    assert!(!body.contains(note));
    let (status, body) = page(&format!("star@{current}"));
    assert!(status == 200 && !body.contains(note), "{status} {body}");
    let (status, body) = page(&format!("star@{earlier}"));
    assert!(status == 200 && body.contains(note), "{status} {body}");
    let _ = sandbox.run(["retire", &format!("star@{earlier}"), "--reason", "too bright"]).success();
    assert!(page(&format!("star@{earlier}")).1.contains("Retired: too bright"));
    let (status, body) = page("star@0123");
    assert!(status == 404 && body.contains("no version begins with `0123`"), "{status} {body}");
    service.end();
}
