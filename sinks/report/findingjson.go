package report

import (
	"encoding/json"
	"fmt"
	"io"

	"parallax/internal/audit"
)

// findingJSON writes the finding's own document with its history added as "events".
func findingJSON(w io.Writer, f audit.StoredFinding, history []audit.Event) error {
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write finding: %w", err)
	}
	doc := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &doc); err != nil {
		return fmt.Errorf("write finding: %w", err)
	}
	if history == nil {
		history = []audit.Event{}
	}
	if doc["events"], err = json.Marshal(history); err != nil {
		return fmt.Errorf("write finding: %w", err)
	}
	return writeJSON(w, doc)
}
