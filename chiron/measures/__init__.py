"""What can be measured on one recording: beats, intervals, shapes, spectra."""
