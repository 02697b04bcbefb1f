//! The name that a user probably meant.

/// The name that looks most like `wanted`, whatever its case and however far it is.
#[must_use]
pub fn nearest<'n>(names: impl IntoIterator<Item = &'n str>, wanted: &str) -> Option<&'n str> {
    let wanted = wanted.to_ascii_lowercase();
    names.into_iter().min_by_key(|name| edit_distance(&wanted, &name.to_ascii_lowercase()))
}

/// The same, unless it differs in more than a third of its letters.
#[must_use]
pub fn similar<'n>(names: impl IntoIterator<Item = &'n str>, wanted: &str) -> Option<&'n str> {
    let name = nearest(names, wanted)?;
    let distance = edit_distance(&wanted.to_ascii_lowercase(), &name.to_ascii_lowercase());
    (distance <= 1 + name.chars().count() / 3).then_some(name)
}

/// Number of single-character edits between two texts; inputs are shortened first, so a long one costs nothing.
fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(64).collect();
    let right: Vec<char> = right.chars().take(64).collect();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut current = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = previous[j] + usize::from(a != b);
            current.push(replaced.min(previous[j + 1] + 1).min(current[j] + 1));
        }
        previous = current;
    }
    previous.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_has_the_fewest_edits() {
        let names = ["desi_dr1", "desi_dr2", "wigglez_recon"];
        assert_eq!(nearest(names, "DESI_DR2x"), Some("desi_dr2"));
        assert_eq!(nearest(names, "wigglez_rec"), Some("wigglez_recon"));
        assert_eq!(nearest([], "desi_dr2"), None);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_name_that_is_too_far_is_not_offered() {
        assert_eq!(similar(["time_day", "flux"], "time_days"), Some("time_day"));
        assert_eq!(similar(["time_day", "flux"], "FLUXES"), Some("flux"));
        assert_eq!(similar(["time_day", "flux"], "redshift"), None);
    }
}
