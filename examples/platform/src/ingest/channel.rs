//! The channel that a media column belongs to, read from the name of the column.
//!
//! `facebook_S`, `facebook_I` and `Facebook impressions` are about facebook: what is left of a name without the
//! words at its ends that say what is counted. Spend and exposure of the same channel become a pair.
//! Where two columns would end up as one, each keeps its own name.

use super::role::Role;
use super::suggest::{Candidate, Suggestion};
use super::words;

/// Names the channels of suggested media, and makes exposures of columns that count what a spend bought.
pub(super) fn name(columns: &[Candidate<'_>], suggested: &mut [Suggestion]) {
    let taken = |stem: &str, at: usize| {
        columns
            .iter()
            .enumerate()
            .any(|(other, candidate)| other != at && alike(&candidate.column.name, stem))
    };
    let with_role = |suggested: &[Suggestion], role| -> Vec<usize> {
        (0..columns.len()).filter(|at| suggested[*at].role == role).collect()
    };
    let stem_of = |at: usize, list| stem(&columns[at].column.name, list);
    for (role, list) in [(Role::MediaSpend, words::SPEND), (Role::OrganicMedia, words::EXPOSURE)] {
        let media = with_role(suggested, role);
        for at in &media {
            let stem = stem_of(*at, list);
            let shared = media.iter().any(|other| other != at && alike(stem_of(*other, list), stem));
            if !shared && !taken(stem, *at) && stem != columns[*at].column.name {
                suggested[*at].channel = Some(stem.to_owned());
            }
        }
    }
    let spends = with_role(suggested, Role::MediaSpend);
    let mut bought: Vec<(usize, usize)> = Vec::new();
    for at in with_role(suggested, Role::Ignore) {
        let exposure = stem_of(at, words::EXPOSURE);
        let spend = spends.iter().copied().find(|spend| alike(stem_of(*spend, words::SPEND), exposure));
        let Some(spend) = spend.filter(|_| columns[at].is_exposure()) else { continue };
        let spent = &columns[spend].column.name;
        suggested[at] = if let Some((_, first)) = bought.iter().find(|(paid, _)| *paid == spend) {
            let first = &columns[*first].column.name;
            Suggestion::sure(Role::Ignore, format!("“{first}” says already what “{spent}” bought."))
        } else {
            bought.push((spend, at));
            let channel = suggested[spend].channel.clone().unwrap_or_else(|| spent.clone());
            let reason = format!("It counts what “{spent}” bought.");
            Suggestion { channel: Some(channel), ..Suggestion::sure(Role::MediaExposure, reason) }
        };
    }
}

/// A name without the words of a list at its ends, nor the letter by which Robyn marks a column.
fn stem<'a>(name: &'a str, list: &'static str) -> &'a str {
    let counts = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        list.split_ascii_whitespace().any(|entry| entry == word)
    };
    let marks = if list == words::SPEND { ["s", "s"] } else { ["i", "p"] };
    let separator = |c: char| c.is_whitespace() || matches!(c, '_' | '-' | ':' | '.' | '/' | '|');
    let mut left = name;
    if let Some((before, mark)) = left.rsplit_once('_')
        && marks.contains(&mark.to_lowercase().as_str())
    {
        left = before;
    }
    loop {
        let trimmed = left.trim_matches(separator);
        let (first, last) = (
            trimmed.split(separator).next().unwrap_or_default(),
            trimmed.rsplit(separator).next().unwrap_or_default(),
        );
        left = if counts(last) {
            &trimmed[..trimmed.len() - last.len()]
        } else if counts(first) {
            &trimmed[first.len()..]
        } else {
            return if trimmed.is_empty() { name } else { trimmed };
        };
    }
}

/// The same words, however they are written.
fn alike(one: &str, other: &str) -> bool {
    words::of(one) == words::of(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_what_is_left_of_a_name() {
        for (name, expected) in [
            ("facebook_S", "facebook"),
            ("Channel0_spend", "Channel0"),
            ("TV spend", "TV"),
            ("Spend: TV (EUR)", "TV (EUR)"),
            ("TV (spend)", "TV"),
            ("TV-Kosten", "TV"),
            ("Werbekosten", "Werbekosten"),
            ("cost", "cost"),
            ("spend cost", "spend cost"),
            ("s", "s"),
        ] {
            assert_eq!(stem(name, words::SPEND), expected, "{name}");
        }
        for (name, expected) in
            [("search_clicks_P", "search"), ("Channel0_impression", "Channel0"), ("Google Klicks", "Google")]
        {
            assert_eq!(stem(name, words::EXPOSURE), expected, "{name}");
        }
    }
}
