package decode

import "strings"

// Interns hands out one copy of texts that repeat from row to row: currencies, types, batches, days. It saves looking at
// them again, and the memory of a copy in every line.
type Interns map[string]string

const maxInterned = 1024

// Text is Text for a field whose values repeat. A card number is not remembered.
func (m Interns) Text(text string) (string, error) {
	text = strings.TrimSpace(text)
	if known, ok := m[text]; ok {
		return known, nil
	}
	taken, err := Text(text)
	if err == nil && taken == text && len(m) < maxInterned {
		m[taken] = taken
	}
	return taken, err
}

// Copy returns a text that is known to be harmless, such as a currency or a day, in memory of its own.
func (m Interns) Copy(text string) string {
	if known, ok := m[text]; ok {
		return known
	}
	taken := strings.Clone(text)
	if len(m) < maxInterned {
		m[taken] = taken
	}
	return taken
}
