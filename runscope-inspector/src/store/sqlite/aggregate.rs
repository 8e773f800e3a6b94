use super::database::Shared;
use super::reader::Reader;
use crate::exchange::Attributes;
use crate::store::{Facet, FacetField, Facets, Scan, StoreError, Summary, SummaryRow};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// The exchanges that facets and summaries count at most: the newest tell what is going on, and a
/// number of them that is known is better than a wait that is not.
const COUNTED: u64 = 100_000;

pub(super) fn facets(shared: &Shared, scan: &Scan, values: usize) -> Result<Facets, StoreError> {
    let mut counts: Vec<HashMap<String, u64>> = vec![HashMap::new(); FacetField::ALL.len()];
    let (counted, complete) = each(shared, scan, |attributes| {
        for ((field, _), counts) in FacetField::ALL.iter().zip(&mut counts) {
            if let Some(value) = facet_value(*field, attributes) {
                match counts.get_mut(value.as_ref()) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(value.into_owned(), 1)),
                }
            }
        }
    })?;
    let facets = FacetField::ALL
        .iter()
        .zip(counts)
        .map(|((field, _), counts)| {
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_unstable_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
            counts.truncate(values);
            Facet {
                field: *field,
                values: counts,
            }
        });
    Ok(Facets {
        facets: facets.collect(),
        counted,
        complete,
    })
}

pub(super) fn summary(shared: &Shared, scan: &Scan) -> Result<Summary, StoreError> {
    #[derive(Default)]
    struct Group {
        count: u64,
        errors: u64,
        durations: Vec<Duration>,
    }
    let mut groups: HashMap<(String, String), Group> = HashMap::new();
    let (counted, complete) = each(shared, scan, |attributes| {
        let route = attributes.route.as_ref().or(attributes.path.as_ref());
        let key = (
            attributes.method.clone().unwrap_or_default(),
            route.cloned().unwrap_or_default(),
        );
        let group = groups.entry(key).or_default();
        group.count += 1;
        group.errors += u64::from(is_error(attributes));
        group.durations.extend(attributes.duration);
    })?;
    let rows = groups.into_iter().map(|((method, route), mut group)| {
        group.durations.sort_unstable();
        let percentile = |share: usize| percentile(&group.durations, share);
        SummaryRow {
            method,
            route,
            count: group.count,
            errors: group.errors,
            p50: percentile(50),
            p95: percentile(95),
            p99: percentile(99),
        }
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable_by(|a, b| {
        (b.count, &a.method, &a.route).cmp(&(a.count, &b.method, &b.route))
    });
    Ok(Summary {
        rows,
        counted,
        complete,
    })
}

/// Shows the attributes of the newest matches; how many there were, and whether those are all.
fn each(
    shared: &Shared,
    scan: &Scan,
    see: impl FnMut(&Attributes),
) -> Result<(u64, bool), StoreError> {
    each_up_to(shared, scan, COUNTED, see)
}

pub(super) fn each_up_to(
    shared: &Shared,
    scan: &Scan,
    most: u64,
    mut see: impl FnMut(&Attributes),
) -> Result<(u64, bool), StoreError> {
    let mut counted = 0;
    let end = Reader::new(shared, scan)?.walk(i64::MAX, &mut |_, found, _| {
        if counted >= most {
            return Ok(ControlFlow::Break(()));
        }
        see(&found.stored.attributes);
        counted += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((counted, end.stopped_at.is_none()))
}

fn facet_value(field: FacetField, attributes: &Attributes) -> Option<Cow<'_, str>> {
    fn text(value: &Option<String>) -> Option<Cow<'_, str>> {
        value.as_deref().map(Cow::Borrowed)
    }
    match field {
        FacetField::Status => attributes
            .status
            .map(|status| Cow::Owned(status.to_string())),
        FacetField::Outcome => attributes.outcome.map(Cow::Borrowed),
        FacetField::Method => text(&attributes.method),
        FacetField::Host => text(&attributes.host),
        FacetField::Route => text(&attributes.route),
        FacetField::Consumer => text(&attributes.consumer),
        FacetField::Service => text(&attributes.service),
    }
}

fn is_error(attributes: &Attributes) -> bool {
    attributes.status.is_none_or(|status| status >= 400)
        || matches!(attributes.outcome, Some("aborted" | "error" | "panic"))
}

/// The smallest duration that a share of them, in hundredths, does not exceed.
fn percentile(sorted: &[Duration], share: usize) -> Option<Duration> {
    let rank = sorted.len().saturating_mul(share).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let durations: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        let millis = |share| percentile(&durations, share).map(|duration| duration.as_millis());
        assert_eq!(
            (millis(50), millis(95), millis(99)),
            (Some(100), Some(190), Some(198))
        );
        assert_eq!(
            percentile(&durations[..1], 99),
            Some(Duration::from_millis(1))
        );
        assert_eq!(percentile(&[], 50), None);
    }
}
