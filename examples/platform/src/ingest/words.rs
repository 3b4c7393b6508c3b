//! The words by which columns are recognised, in English and German.
//!
//! A name is cut into words at blanks, punctuation, digits and changes from small to capital letters:
//! `Channel0_spend` is `channel`, `0`, `spend`. Long words of the lists also count inside a compound, so
//! that `Werbekosten` is a cost; short ones must stand alone.

/// What the model works out itself from the dates, as whole names.
pub(super) const CALENDAR: &str = "\
    year month week day quarter weekday dayofyear doy dayofweek dow dayofmonth weekofyear woy isoweek \
    weeknumber weeknr yearmonth jahr monat woche kw tag quartal wochentag";

/// Results of models and parts of simulations.
pub(super) const RESULT: &str = "\
    effect contribution adstock saturated saturation epsilon intercept residual fitted predicted \
    prediction forecast latent baseline true seasonality counterfactual";

/// Row numbers and names of things.
pub(super) const IDENTIFIER: &str = "id index idx row rownum nr unnamed uuid plz zip";

/// The size of a market, which does not move from week to week.
pub(super) const SIZE: &str = "population inhabitants einwohner";

/// Worth of a single unit, not an outcome.
pub(super) const RATIO: &str = "per pro aov cpc cpm cpa ctr cvr roas roi rate quote";

/// Money or margin, as in "revenue per order".
pub(super) const MONEY: &str = "revenue umsatz sales erlös value wert price preis margin marge profit gewinn";

/// Outcomes, the likeliest first.
pub(super) const KPI: &str = "\
    kpi y target revenue umsatz umsätze sales turnover erlös einnahmen gmv conversions conversion orders \
    bestellungen bookings buchungen purchases käufe transactions signups registrations subscriptions \
    abos installs downloads leads customers kunden profit gewinn units absatz outcome response";

/// What moves the KPI besides paid media.
pub(super) const CONTROL: &str = "\
    control event events holiday holidays feiertag ferien promo promotion promotions aktion sale \
    discount rabatt price preis competitor competition wettbewerb weather wetter temperature temperatur \
    rain regen trend covid lockdown stock inventory distribution stores filialen sentiment inflation \
    unemployment pr extra dummy flag launch strike streik season";

/// Money.
pub(super) const SPEND: &str = "\
    spend spends spending spent cost costs kosten budget ausgaben invest investment expense expenses \
    aufwand werbedruck";

/// Sums over channels.
pub(super) const TOTAL: &str = "total sum gesamt summe all overall";

/// Media that nobody pays for by the contact.
pub(super) const ORGANIC: &str = "organic organisch newsletter owned earned";

/// Names of what tells the rows of a date apart.
pub(super) const GEO: &str = "\
    geo region regions state province county city country market dma area territory district bundesland \
    land stadt gebiet";

/// Averages, which do not add up.
pub(super) const AVERAGE: &str = "frequency avg average mean durchschnitt frequenz";

/// What money bought.
pub(super) const EXPOSURE: &str = "\
    impression impressions impr imps click clicks klicks reach reichweite grp grps trp trps \
    views sessions visits kontakte";

/// Names of channels.
pub(super) const CHANNEL: &str = "\
    tv ctv television fernsehen radio audio podcast podcasts spotify ooh dooh outdoor billboard \
    billboards plakat plakate print press zeitung newspaper magazine magazines cinema kino facebook meta \
    fb instagram ig google search sem sea ppc bing brand generic shopping pmax display banner \
    programmatic retargeting remarketing criteo youtube yt video tiktok snapchat snap pinterest linkedin \
    xing twitter reddit social influencer influencers affiliate affiliates amazon email mailing mailings \
    sms direct flyer flyers prospekt prospekte sponsoring sponsorship native media channel kanal ad ads \
    adwords advertising werbung";

/// The words of a name in lower case.
pub(super) fn of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let breaks = (before.is_lowercase() && c.is_uppercase())
            || (before.is_numeric() != c.is_numeric())
            || !c.is_alphanumeric();
        if breaks {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The first entry of a list that one of the words is, or is composed with.
pub(super) fn find(words: &[String], list: &'static str) -> Option<&'static str> {
    list.split_ascii_whitespace().find(|entry| {
        let composed = entry.chars().count() >= 5;
        words.iter().any(|word| word == entry || (composed && word.contains(entry)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        let table: [(&str, &[&str]); 6] = [
            ("Channel0_spend", &["channel", "0", "spend"]),
            ("tv_S", &["tv", "s"]),
            ("x1_Search-Ads", &["x", "1", "search", "ads"]),
            ("TVSpend EUR", &["tvspend", "eur"]),
            ("brandSearch", &["brand", "search"]),
            ("  ", &[]),
        ];
        for (name, expected) in table {
            assert_eq!(of(name), expected, "{name:?}");
        }
    }

    #[test]
    fn long_words_count_inside_a_compound_and_short_ones_do_not() {
        assert_eq!(find(&of("Werbekosten"), SPEND), Some("kosten"));
        assert_eq!(find(&of("TVSpend"), SPEND), Some("spend"));
        assert_eq!(find(&of("activity"), CHANNEL), None);
        assert_eq!(find(&of("superior"), RATIO), None);
    }
}
