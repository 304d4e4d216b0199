package pan

// Clip makes a value fit to be shown: card numbers are truncated as Mask does, then the value itself to so many runes, with
// three dots behind them.
func Clip(text string, runes int) string {
	text = Mask(text)
	if len(text) <= runes {
		return text
	}
	n := 0
	for i := range text {
		if n == runes {
			return text[:i] + "..."
		}
		n++
	}
	return text
}
