//! The nearest name: what somebody who wrote this name probably meant.
//!
//! A name that differs in case only wins; otherwise the one with the least edit
//! distance, if that is small for the name's length. The distance counts
//! insertions, deletions, replacements and swaps of neighbours (optimal string
//! alignment, after Damerau 1964).

/// Longer names are not compared: the table below is quadratic, and nobody
/// mistypes a name of this length by two letters.
const LONGEST: usize = 64;

/// The candidate nearest to `wanted`, if one is near enough.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.chars().take(LONGEST + 1).collect();
    if wanted.len() > LONGEST {
        return None;
    }
    let lower: Vec<char> = wanted.iter().flat_map(|c| c.to_lowercase()).collect();
    let allowed = match wanted.len() {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // Lengths alone rule most candidates out.
        if candidate.len() > 4 * LONGEST {
            continue;
        }
        let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        if other.len().abs_diff(lower.len()) > allowed {
            continue;
        }
        let found = distance(&lower, &other);
        if found <= allowed && best.is_none_or(|(least, _)| found < least) {
            best = Some((found, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// The least number of edits from `a` to `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins() {
        let names = ["price", "quantity", "disc", "Qty"];
        assert_eq!(nearest("prise", names), Some("price"));
        assert_eq!(nearest("PRICE", names), Some("price"));
        assert_eq!(nearest("rpice", names), Some("price"));
        assert_eq!(nearest("qty", names), Some("Qty"));
        assert_eq!(nearest("quanttiy", names), Some("quantity"));
        assert_eq!(nearest("weight", names), None);
        assert_eq!(nearest("x", ["y", "z"]), None);
    }

    #[test]
    fn distances() {
        let d = |a: &str, b: &str| {
            distance(
                &a.chars().collect::<Vec<_>>(),
                &b.chars().collect::<Vec<_>>(),
            )
        };
        assert_eq!(d("", "abc"), 3);
        assert_eq!(d("abc", "abc"), 0);
        assert_eq!(d("kitten", "sitting"), 3);
        assert_eq!(d("ab", "ba"), 1);
    }
}
