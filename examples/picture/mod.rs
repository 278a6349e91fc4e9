//! Pictures in grey, for examples that make one.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::BufWriter;

/// Writes levels from 0 (black) to 1 (white), row by row, as the PNG file that
/// the first argument of the program names; without one, as `name` among the
/// temporary files.
pub(crate) fn write(name: &str, width: usize, levels: impl Iterator<Item = f64>) -> Result<()> {
    let path = match std::env::args_os().nth(1) {
        Some(path) => path.into(),
        None => std::env::temp_dir().join(name),
    };
    let pixels: Vec<u8> = levels.map(|level| (level * 255.0) as u8).collect();
    ensure!(pixels.len().is_multiple_of(width), "rows of {width} pixels");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    let height = (pixels.len() / width).try_into()?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width.try_into()?, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    println!("{}", path.display());
    Ok(())
}
