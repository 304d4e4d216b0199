package repair

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parallax/internal/audit"
)

var explainColumns = []string{
	"finding_id", "kind", "key", "version_id", "from_region", "from_bucket", "to_region", "to_bucket", "size_bytes", "way", "file", "manifest_row",
	"why", "otherwise", "commands",
}

// explained are the files that say of each object why it is mended in this way, a pair of buckets each, with what is left to
// be done by hand. They are for people: a field that a spreadsheet would take for a formula has an apostrophe before it, and a
// line break in a key is shown as one.
func explained(p Plan, objects []Object) ([]body, error) {
	lines := map[string][][]string{}
	for _, o := range objects {
		lines[o.Scope] = append(lines[o.Scope], o.explained())
	}
	for _, h := range p.ByHand {
		if strings.HasPrefix(string(h.Kind), "receipt.") {
			lines[h.Scope] = append(lines[h.Scope], h.explained())
		}
	}
	var scopes []string
	for scope := range lines {
		scopes = append(scopes, scope)
	}
	slices.Sort(scopes)
	var out []body
	for _, scope := range scopes {
		data, err := explanation(lines[scope])
		if err != nil {
			return nil, err
		}
		out = append(out, body{name: fileName(scope) + "-explained.csv", data: data, part: true})
	}
	return out, nil
}

func explanation(lines [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(explainColumns); err != nil {
		return nil, fmt.Errorf("explain repair of receipts: %w", err)
	}
	slices.SortStableFunc(lines, func(a, b []string) int { return slices.Compare(a[1:4], b[1:4]) })
	for _, line := range lines {
		for i := range line {
			line[i] = harmless(line[i])
		}
		if err := w.Write(line); err != nil {
			return nil, fmt.Errorf("explain repair of receipts: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), nil
}

func (o Object) explained() []string {
	way, then := "Batch Replication", ""
	if o.Then != "" {
		then = "afterwards, so that the damaged copy is gone too: " + o.Then
	}
	if o.Copy {
		way = "Batch Copy into " + o.Into.Bucket
	}
	return []string{
		ids(o.Findings), string(o.Kind), o.Key, o.VersionID, string(o.From.Region), o.From.Bucket, string(o.To.Region), o.To.Bucket,
		strconv.FormatInt(o.Size, 10), way, o.file() + ".csv", o.row(), o.Why, o.Instead, then,
	}
}

func (h ByHand) explained() []string {
	at := Whereabout{}
	if h.Object != nil {
		at = *h.Object
	}
	return []string{
		ids(h.Findings), string(h.Kind), h.Key, at.VersionID, string(at.From.Region), at.From.Bucket, string(at.To.Region), at.To.Bucket,
		"", "by hand", "", "", h.Why, h.Otherwise, strings.Join(h.Commands, " | or: "),
	}
}

func ids(findings []audit.Fingerprint) string {
	out := make([]string, len(findings))
	for i, f := range findings {
		out[i] = string(f)
	}
	return strings.Join(out, " ")
}
