package lab

import "time"

// Advance moves the world's clocks on after the script, and lets arrive what was on its way.
func (w *World) Advance(to time.Time) { w.advance(to) }
