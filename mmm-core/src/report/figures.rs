//! The charts of a summary. What a summary does not know has no chart.

use crate::{
    artifact::{ChannelSeries, ChannelSummary, Summary},
    budget::{ChannelMove, Recommendation},
    data::Frequency,
};

use super::{
    charts::{CurvePanel, Decomposition, Fit, Layer, ResponseCurves, Returns, RoiRow, ShareRow, Shares},
    words::Interval,
};

/// "day" or "week".
pub const fn period(summary: &Summary) -> &'static str {
    match summary.model.frequency {
        Frequency::Daily => "day",
        Frequency::Weekly => "week",
    }
}

/// What drove the KPI, period by period.
pub fn decomposition(summary: &Summary) -> Decomposition {
    let over_time = &summary.over_time;
    let layer = |(colour, channel): (usize, &ChannelSeries)| Layer {
        name: channel.name.clone(),
        colour,
        effect: channel.mean.clone(),
    };
    Decomposition {
        kpi: summary.model.kpi.clone(),
        period: period(summary).to_owned(),
        dates: over_time.dates.clone(),
        baseline: over_time.baseline.clone(),
        channels: over_time.channels.iter().enumerate().map(layer).collect(),
        actual: over_time.actual.clone(),
        q5: over_time.band_low.clone(),
        q95: over_time.band_high.clone(),
        media_share: summary.media.as_ref().map(|media| Interval::from(&media.share)),
    }
}

/// What each channel returned.
pub fn returns(summary: &Summary) -> Returns {
    let row = |(colour, channel): (usize, &ChannelSummary)| RoiRow {
        name: channel.name.clone(),
        colour,
        roi: Interval::from(&channel.roi),
        p_above_break_even: channel.p_above_break_even,
        prior: None,
        marginal: channel.response.as_ref().map(|response| Interval::from(&response.marginal_roi)),
    };
    Returns {
        kpi: summary.model.kpi.clone(),
        has_value: summary.model.kpi_value.is_some(),
        rows: summary.channels.iter().enumerate().map(row).collect(),
    }
}

/// Whether the model describes the KPI.
pub fn quality(summary: &Summary) -> Fit {
    let over_time = &summary.over_time;
    Fit {
        kpi: summary.model.kpi.clone(),
        period: period(summary).to_owned(),
        dates: over_time.dates.clone(),
        actual: over_time.actual.clone(),
        predicted: over_time.fitted.clone(),
        q5: over_time.band_low.clone(),
        q95: over_time.band_high.clone(),
        r2: summary.measures.r_squared,
        mape: summary.measures.mape,
    }
}

/// The part of each channel in the spend and in the effect of all; `None` where a channel's is not known.
pub fn shares(summary: &Summary) -> Option<Shares> {
    let row = |(colour, channel): (usize, &ChannelSummary)| {
        let effect = Interval::from(channel.effect_share.as_ref()?);
        Some(ShareRow { name: channel.name.clone(), colour, spend: channel.spend, effect })
    };
    let rows = summary.channels.iter().enumerate().map(row).collect::<Option<_>>()?;
    Some(Shares { rows })
}

/// The curves that a plan is read from; `None` for one of an older format.
pub fn curves(summary: &Summary, plan: &Recommendation) -> Option<ResponseCurves> {
    let per_period = |of: &crate::effect::Interval| Interval::from(of).scaled(1.0 / plan.horizon as f64);
    let panel = |(colour, of): (usize, &ChannelMove)| {
        let curve = of.curve.as_ref()?;
        Some(CurvePanel {
            name: of.name.clone(),
            colour,
            spend: curve.spend.clone(),
            outcome: curve.outcome.iter().map(Interval::from).collect(),
            observed: of.observed?,
            now: (of.now, per_period(&of.outcome_now)),
            plan: (of.plan, per_period(&of.outcome)),
        })
    };
    Some(ResponseCurves {
        kpi: summary.model.kpi.clone(),
        period: period(summary).to_owned(),
        panels: plan.channels.iter().enumerate().map(panel).collect::<Option<_>>()?,
    })
}
