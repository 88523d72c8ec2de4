//! The loss curve, in the terminal and as a drawing.

use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea;
use plotters::prelude::{IntoFont, LineSeries, SVGBackend};
use plotters::style::{BLUE, Color, WHITE};
use std::error::Error;
use textplots::{Chart, Plot, Shape};

/// The axes: epochs from 1, and losses from 0 to a little above the largest.
fn bounds(losses: &[f64]) -> (f32, f32) {
    let largest = losses.iter().copied().filter(|loss| loss.is_finite());
    let largest = largest.fold(f64::MIN_POSITIVE, f64::max);
    (losses.len().max(2) as f32, largest as f32 * 1.05)
}

fn points(losses: &[f64]) -> Vec<(f32, f32)> {
    let losses = losses.iter().map(|&loss| loss as f32);
    losses
        .zip(1u16..)
        .map(|(loss, epoch)| (f32::from(epoch), loss))
        .collect()
}

/// The curve in Braille characters.
pub(super) fn terminal(losses: &[f64]) -> String {
    let (epochs, largest) = bounds(losses);
    let points = points(losses);
    let shape = Shape::Lines(&points);
    let mut chart = Chart::new_with_y_range(120, 40, 1.0, epochs, 0.0, largest);
    let chart = chart.lineplot(&shape);
    chart.borders();
    chart.figures();
    format!("loss by epoch\n{chart}\n")
}

/// The curve as SVG.
pub(super) fn svg(losses: &[f64]) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let (epochs, largest) = bounds(losses);
    {
        let area = SVGBackend::with_string(&mut text, (720, 400)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(
                "Handwritten digits: loss by epoch",
                ("sans-serif", 20).into_font(),
            )
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .build_cartesian_2d(1.0..epochs, 0.0..largest)?;
        chart
            .configure_mesh()
            .x_desc("epoch")
            .y_desc("cross-entropy")
            .x_label_formatter(&|epoch| format!("{epoch:.0}"))
            .draw()?;
        chart.draw_series(LineSeries::new(points(losses), BLUE.stroke_width(2)))?;
        area.present()?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSSES: [f64; 5] = [2.0, 1.0, 0.5, 0.25, 0.125];

    #[test]
    fn the_terminal_shows_the_curve_and_its_axes() {
        insta::assert_snapshot!(terminal(&LOSSES));
    }

    #[test]
    fn the_drawing_has_a_point_for_each_epoch() {
        let drawing = svg(&LOSSES).unwrap();
        assert!(drawing.starts_with("<svg") && drawing.trim_end().ends_with("</svg>"));
        let curve = drawing.split("<polyline").last().unwrap();
        let curve = curve.split("points=\"").nth(1).unwrap();
        let points = curve.split('"').next().unwrap().split_whitespace();
        let heights: Vec<f64> = points
            .map(|point| point.split(',').nth(1).unwrap().parse().unwrap())
            .collect();
        assert_eq!(heights.len(), LOSSES.len());
        assert!(
            heights.is_sorted(),
            "a falling loss goes down the page: {heights:?}"
        );
    }

    #[test]
    fn curves_that_are_no_curves_are_drawn_too() {
        for losses in [&[][..], &[1.0], &[f64::NAN, f64::INFINITY], &[0.0, 0.0]] {
            assert!(!terminal(losses).is_empty());
            assert!(svg(losses).is_ok());
        }
    }
}
