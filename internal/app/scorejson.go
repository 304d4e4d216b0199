package app

import (
	"encoding/json"

	"parallax/internal/audit"
)

// scoreJSON is one kind of the demo's result as programs read it.
type scoreJSON struct {
	Kind     audit.Kind `json:"kind"`
	Injected int        `json:"injected"`
	Found    int        `json:"found"`
	False    int        `json:"false"`
	Missed   int        `json:"missed"`
	Unequal  int        `json:"wrong_money"`
}

// writeScores writes the demo's result as one JSON document.
func writeScores(o DemoOptions, scores []score, equal bool, page, dossier, repair, config string) error {
	kinds := make([]scoreJSON, len(scores))
	for i, s := range scores {
		kinds[i] = scoreJSON{s.kind, s.injected, len(s.found), len(s.false_), len(s.missed), len(s.unequal)}
	}
	enc := json.NewEncoder(o.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Seed     uint64      `json:"seed"`
		Payments int         `json:"payments"`
		Exact    bool        `json:"exact"`
		Kinds    []scoreJSON `json:"kinds"`
		Report   string      `json:"report"`
		Dossier  string      `json:"dossier"`
		Repair   string      `json:"repair"`
		Config   string      `json:"config"`
	}{o.Seed, o.Payments, equal, kinds, page, dossier, repair, config})
}
