//! The trend of open differences as inline SVG: no script, no font, no colour that a printer needs.

use std::fmt::Write as _;

use super::Point;
use crate::domain::fault::Lang;

/// Size of the drawing, in its own units.
const WIDTH: u64 = 640;
/// Height of the drawing.
const HEIGHT: u64 = 180;
/// Room for the axes.
const LEFT: u64 = 60;
/// Room for the days.
const BOTTOM: u64 = 30;
/// Room above and at the right.
const EDGE: u64 = 10;

/// The chart; empty text for a trend without a point.
pub fn chart(trend: &[Point], lang: Lang) -> String {
    let (Some(first), Some(last)) = (trend.first(), trend.last()) else {
        return String::new();
    };
    let most = trend.iter().map(|point| point.open).max().unwrap_or(0).max(1);
    let (wide, high) = (WIDTH - LEFT - EDGE, HEIGHT - BOTTOM - EDGE);
    let steps = u64::try_from(trend.len()).unwrap_or(1).saturating_sub(1).max(1);
    let x = |at: u64| LEFT + wide * at / steps;
    let y = |open: u64| {
        // Sums of differences are far below 2^64 / 180.
        let part = open.saturating_mul(high).checked_div(most).unwrap_or(0);
        EDGE + high - part.min(high)
    };
    let title = match lang {
        Lang::Ja => "未解消の相違の推移",
        Lang::En => "open differences over time",
    };
    let (axis, right) = (HEIGHT - BOTTOM, WIDTH - EDGE);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <title>{title}</title>\n\
         <path d=\"M{LEFT} {EDGE}V{axis}H{right}\" fill=\"none\" stroke=\"#000\"/>\n"
    );
    let points: Vec<String> = (0..)
        .zip(trend)
        .map(|(at, point)| format!("{},{}", x(at), y(point.open)))
        .collect();
    // Writing to a String cannot fail.
    let _infallible = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#000\" stroke-width=\"2\"/>",
        points.join(" ")
    );
    for (at, point) in (0..).zip(trend) {
        let _infallible = writeln!(
            svg,
            "<circle cx=\"{}\" cy=\"{}\" r=\"3\"><title>{}: {}</title></circle>",
            x(at),
            y(point.open),
            point.day.dashed(),
            point.open
        );
    }
    let below = HEIGHT - EDGE;
    let _infallible = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{most}</text>\n<text x=\"{}\" y=\"{axis}\" text-anchor=\"end\">0</text>\n\
         <text x=\"{LEFT}\" y=\"{below}\">{}</text>\n<text x=\"{right}\" y=\"{below}\" text-anchor=\"end\">{}</text>\n</svg>\n",
        LEFT - 6,
        EDGE + 10,
        LEFT - 6,
        first.day.dashed(),
        last.day.dashed(),
    );
    svg
}
