package repair_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sinks/repair"
)

func image(pairs ...string) record.Image {
	attrs := map[string]record.Attr{}
	for i := 0; i < len(pairs); i += 2 {
		attrs[pairs[i]] = record.Attr{Type: "S", Text: pairs[i+1]}
	}
	return record.NewImage(attrs)
}

func item(key string) repair.Item {
	before, after := image("pk", key, "status", "disputed", "write_id", "w2"), image("pk", key, "status", "it's", "write_id", "repair-f1")
	return repair.Item{
		About: repair.About{Findings: []audit.Fingerprint{"f1"}, Kind: audit.LWWLostWrite, Scope: "keys", Key: key, Region: "eu-west-1",
			Amounts: []audit.Money{{Minor: 1250, Currency: "EUR"}}},
		Table: "keys", Keys: []string{"pk"},
		Writes: []repair.Request{{Operation: "update-item", Before: before, After: after}},
	}
}

func object(key, version string) repair.Object {
	return repair.Object{
		About: repair.About{Findings: []audit.Fingerprint{"f2"}, Kind: audit.ReceiptNotReplicated, Scope: "receipts", Key: key, Region: "eu-west-2"},
		From:  repair.Place{Region: "eu-west-1", Bucket: "r1"}, To: repair.Place{Region: "eu-west-2", Bucket: "r2"},
		Key: key, VersionID: version, ETag: "e", Size: 3,
	}
}

func refund(payment, key string) repair.Refund {
	return repair.Refund{
		About:          repair.About{Findings: []audit.Fingerprint{"f3", "f4"}, Kind: audit.ChainDoubleCharge, Scope: "payments", Key: key},
		IdempotencyKey: key, PaymentID: payment, RowID: "17", Kept: "pay-2", Amount: audit.Money{Minor: 1250, Currency: "EUR"}, Decimal: "12.50",
		Network: "visa", NetworkReference: "000000000000123456", ChargedAt: asOf, Reason: "charged twice", Status: "captured", InForce: true,
	}
}

func written(t *testing.T, p repair.Plan) (repair.Output, map[string][]byte) {
	t.Helper()
	p.AsOf, p.Written = asOf, asOf
	if p.Expires.IsZero() {
		p.Expires = later
	}
	out, err := repair.Write(p)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range out.Files {
		files[f.Name] = f.Data
	}
	return out, files
}

func TestSamePlanSameBytesInWhateverOrder(t *testing.T) {
	p := repair.Plan{
		Rows: []repair.Row{oddRow("a"), oddRow("b")}, Items: []repair.Item{item("a"), item("b")},
		Objects: []repair.Object{object("a", "v"), object("b", "v"), object("c", "")}, Refunds: []repair.Refund{refund("p1", "k"), refund("p2", "k")},
	}
	_, first := written(t, p)
	slices.Reverse(p.Rows)
	slices.Reverse(p.Items)
	slices.Reverse(p.Objects)
	slices.Reverse(p.Refunds)
	_, second := written(t, p)
	if len(first) != len(second) || len(first) < 10 {
		t.Fatalf("%d and %d files", len(first), len(second))
	}
	for name, data := range first {
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s differs", name)
		}
	}
	if got := string(first["receipts-replicate-eu-west-1.csv"]); got != "r1,a,v\nr1,b,v\nr1,c,null\n" {
		t.Errorf("S3 wants version ids on every row or on none: %q", got)
	}
}

func TestConditionNamesEveryAttribute(t *testing.T) {
	_, files := written(t, repair.Plan{Items: []repair.Item{item("order's")}})
	var input struct {
		TableName, ConditionExpression string
		Key                            json.RawMessage
		UpdateExpression               string
		ExpressionAttributeNames       map[string]string
		ExpressionAttributeValues      map[string]json.RawMessage
	}
	decoder := json.NewDecoder(bytes.NewReader(files["keys-keys/0001-f1-update-item.json"]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&input); err != nil {
		t.Fatal(err)
	}
	if input.TableName != "keys" || input.ConditionExpression != "#a0 = :v0 AND #a1 = :v1 AND #a2 = :v2" || len(input.ExpressionAttributeNames) != 3 {
		t.Errorf("%+v", input)
	}
	if want := "SET #a1 = :v3, #a2 = :v4"; input.UpdateExpression != want {
		t.Errorf("update %q, want %q", input.UpdateExpression, want)
	}
	if input.ExpressionAttributeNames["#a1"] != "status" || !strings.Contains(string(input.ExpressionAttributeValues[":v1"]), "disputed") {
		t.Errorf("%+v", input)
	}
}

// TestScriptRefusesToWorkLate runs the script with an aws on the path that would tell if it were called.
func TestScriptRefusesToWorkLate(t *testing.T) {
	for _, c := range []struct {
		expires time.Time
		calls   bool
	}{{time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC), false}, {later, true}} {
		_, files := written(t, repair.Plan{Expires: c.expires, Items: []repair.Item{item("k")}, Objects: []repair.Object{object("a", "v")}})
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "aws"), []byte("#!/bin/sh\necho called \"$@\" >> calls\necho '\"tag\"'\n"), 0o700); err != nil { //nolint:gosec // it has to be executable
			t.Fatal(err)
		}
		for _, script := range []string{"keys-keys.sh", "receipts-replicate-eu-west-1.sh"} {
			if err := os.WriteFile(filepath.Join(dir, script), files[script], 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, script))
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "ACCOUNT_ID=1", "ROLE_ARN=r", "MANIFEST_BUCKET=b")
			said, err := cmd.CombinedOutput()
			if (err == nil) != c.calls {
				t.Errorf("%s, expires %s: %v\n%s", script, c.expires, err, said)
			}
		}
		calls, err := os.ReadFile(filepath.Join(dir, "calls"))
		if (err == nil) != c.calls || strings.Count(string(calls), "called") != map[bool]int{true: 3}[c.calls] {
			t.Errorf("expires %s: %v\n%s", c.expires, err, calls)
		}
		if c.calls && (!strings.Contains(string(calls), `"ETag":"tag"`) || !strings.Contains(string(calls), "--client-request-token ")) {
			t.Errorf("the job:\n%s", calls)
		}
	}
}

func TestManifestEncodesKeys(t *testing.T) {
	_, files := written(t, repair.Plan{Objects: []repair.Object{object(`receipts/ä b,"c"+d%.json`, "v 1")}})
	if got := string(files["receipts-replicate-eu-west-1.csv"]); got != "r1,receipts/%C3%A4%20b%2C%22c%22%2Bd%25.json,v%201\n" {
		t.Errorf("%q", got)
	}
}

func TestRefundsAreNoFormulas(t *testing.T) {
	_, files := written(t, repair.Plan{Refunds: []repair.Refund{refund("=cmd|'/c calc'!A1", "+k\nx"), refund("-p", "@k")}})
	lines, err := csv.NewReader(bytes.NewReader(files["refunds.csv"])).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%q, %v", lines, err)
	}
	for _, line := range lines[1:] {
		for i, field := range line {
			if field != "" && strings.ContainsAny(field[:1], "=+-@\t\r\n") {
				t.Errorf("%s is a formula: %q", lines[0][i], field)
			}
		}
		if line[5] != "1250" || line[6] != "12.50" || line[9] != "'000000000000123456" || line[0] != "f3 f4" {
			t.Errorf("%q", line)
		}
	}
}

func TestManifestIsReadBackAndGuardsItsFiles(t *testing.T) {
	out, files := written(t, repair.Plan{Rows: []repair.Row{oddRow("a")}, Items: []repair.Item{item("a")}})
	m, err := repair.ParseManifest(files[repair.ManifestName])
	if err != nil || len(m.Steps) != 2 || len(m.Files) != len(out.Files)-1 {
		t.Fatalf("%+v, %v", m, err)
	}
	for _, f := range m.Files {
		if err := f.Verify(files[f.Name]); err != nil {
			t.Error(err)
		}
		if err := f.Verify(append(slices.Clone(files[f.Name]), ' ')); !errors.Is(err, repair.ErrAltered) {
			t.Errorf("%s, altered: %v", f.Name, err)
		}
	}
	for _, wrong := range []string{
		"", "{}", strings.Replace(string(files[repair.ManifestName]), "repair 1", "repair 2", 1),
		strings.Replace(string(files[repair.ManifestName]), `"ledger-odd.sql"`, `"../ledger-odd.sql"`, 1),
		strings.Replace(string(files[repair.ManifestName]), `"ledger-odd.sql"`, `"/etc/passwd"`, 1),
		strings.Replace(string(files[repair.ManifestName]), `"row": {`, `"charge": {}, "row": {`, 1),
	} {
		if _, err := repair.ParseManifest([]byte(wrong)); err == nil {
			t.Errorf("taken for a manifest: %.120s", wrong)
		}
	}
}

func TestGuards(t *testing.T) {
	has := func(pairs ...string) map[string]*string {
		row := map[string]*string{"extra": nil}
		for i := 0; i < len(pairs); i += 2 {
			row[pairs[i]] = &pairs[i+1]
		}
		return row
	}
	insert := repair.RowGuard{Insert: true, Become: has("at", "1")}
	update := repair.RowGuard{Expect: has("status", "old"), Become: has("status", "new")}
	before, marked := image("pk", "a"), image("pk", "a", "write_id", "repair-f")
	items := repair.ItemGuard{States: []record.Image{before, marked, ""}}
	object := repair.ObjectGuard{ETag: "e", Size: 3}
	byID := repair.RowGuard{Identity: map[string]*string{"id": has("id", "1")["id"]}, Expect: has("status", "old"), Become: has("status", "new")}
	over := repair.ObjectGuard{Copy: true, ETag: "e", Size: 3, Target: repair.Head{Found: true, ETag: "f", Size: 3}}
	summed := func(h repair.Head) repair.Head { h.Checksum = "SHA256 FULL_OBJECT x"; return h }
	replica, other := repair.Head{Found: true, ETag: "e", Size: 3}, repair.Head{Found: true, ETag: "f", Size: 3}
	old := repair.Head{Found: true, ETag: "e", Size: 3, Version: "1", Modified: time.Unix(1, 0)}
	newer := repair.Head{Found: true, ETag: "f", Size: 3, Version: "2", Modified: time.Unix(2, 0)}
	there := over
	there.To = repair.Place{Bucket: "there"}
	over.To, there.Into = there.To, &there.To
	charge := repair.ChargeGuard{PaymentID: "p", RowID: "1", Status: "captured", InForce: true, Kept: "q", KeptRow: "2"}
	lost := repair.ChargeGuard{PaymentID: "p", RowID: "1", Status: "captured", Kept: "q", KeptRow: "2"}
	again := repair.ChargeGuard{PaymentID: "q", RowID: "1", Status: "captured", Kept: "q", KeptRow: "2"}
	mean := repair.Statuses{Charged: func(s string) bool { return s == "captured" }, Refunded: []string{"refunded"}}
	rows := func(of, kept map[string]string) map[string]map[string]string {
		return map[string]map[string]string{"p": of, "q": kept}
	}
	stands := map[string]string{"2": "captured"}
	state := func(s repair.State, _ string) repair.State { return s }
	for name, c := range map[string]struct{ got, want repair.State }{
		"insert into nothing":        {state(insert.Rows(nil)), repair.Holds},
		"insert, there":              {state(insert.Rows([]map[string]*string{has("at", "1")})), repair.Done},
		"insert, another there":      {state(insert.Rows([]map[string]*string{has("at", "2")})), repair.Changed},
		"update as seen":             {state(update.Rows([]map[string]*string{has("status", "old")})), repair.Holds},
		"update done":                {state(update.Rows([]map[string]*string{has("status", "new")})), repair.Done},
		"update, moved on":           {state(update.Rows([]map[string]*string{has("status", "third")})), repair.Changed},
		"update, gone":               {state(update.Rows(nil)), repair.Changed},
		"item as seen":               {state(items.Read(before)), repair.Holds},
		"item half done":             {state(items.Read(marked)), repair.Holds},
		"item done":                  {state(items.Read("")), repair.Done},
		"item moved on":              {state(items.Read(image("pk", "b"))), repair.Changed},
		"object as seen":             {state(object.Heads(replica, repair.Head{})), repair.Holds},
		"object replicated":          {state(object.Heads(replica, replica)), repair.Done},
		"replica of another ETag":    {state(object.Heads(replica, other)), repair.Changed},
		"replica encrypted anew":     {state(object.Heads(summed(replica), summed(other))), repair.Done},
		"copied":                     {state(over.Heads(replica, replica)), repair.Done},
		"copied over another":        {state(over.Heads(replica, other)), repair.Holds},
		"target written anew":        {state(over.Heads(replica, repair.Head{Found: true, ETag: "g", Size: 4})), repair.Changed},
		"target gone":                {state(over.Heads(replica, repair.Head{})), repair.Changed},
		"copied over a newer one":    {state(over.Heads(old, newer)), repair.Changed},
		"copied, a newer one since":  {state(object.Heads(old, newer)), repair.Changed},
		"copied, on its way":         {state(over.Heads(repair.Head{Found: true, ETag: "e", Size: 3, Replaced: true, Again: true}, other)), repair.UnderWay},
		"copied there, on its way":   {state(there.Heads(repair.Head{Found: true, ETag: "e", Size: 3, Replaced: true, Again: true}, other)), repair.Changed},
		"replaced by another":        {state(over.Heads(repair.Head{Found: true, ETag: "e", Size: 3, Replaced: true}, other)), repair.Changed},
		"two rows as seen":           {state(update.Rows([]map[string]*string{has("status", "old"), has("status", "old")})), repair.Changed},
		"a sibling has the value":    {state(byID.Rows([]map[string]*string{has("id", "1", "status", "old"), has("id", "2", "status", "new")})), repair.Holds},
		"only a sibling has it":      {state(byID.Rows([]map[string]*string{has("id", "1", "status", "third"), has("id", "2", "status", "new")})), repair.Changed},
		"the row has it":             {state(byID.Rows([]map[string]*string{has("id", "1", "status", "new"), has("id", "2", "status", "new")})), repair.Done},
		"object replaced":            {state(object.Heads(other, repair.Head{})), repair.Changed},
		"object gone":                {state(object.Heads(repair.Head{}, repair.Head{})), repair.Changed},
		"charge as seen":             {state(charge.Charges(rows(map[string]string{"1": "captured"}, stands), mean)), repair.Holds},
		"charge refunded":            {state(charge.Charges(rows(map[string]string{"1": "refunded"}, stands), mean)), repair.Done},
		"charge disputed":            {state(charge.Charges(rows(map[string]string{"1": "disputed"}, stands), mean)), repair.Changed},
		"charge gone":                {state(charge.Charges(rows(nil, stands), mean)), repair.Changed},
		"kept charge refunded":       {state(charge.Charges(rows(map[string]string{"1": "captured"}, map[string]string{"2": "refunded"}), mean)), repair.Changed},
		"kept charge gone":           {state(charge.Charges(rows(map[string]string{"1": "captured"}, map[string]string{"3": "captured"}), mean)), repair.Changed},
		"lost charge":                {state(lost.Charges(rows(nil, stands), mean)), repair.Holds},
		"lost charge, kept gone":     {state(lost.Charges(nil, mean)), repair.Changed},
		"lost charge, inserted anew": {state(lost.Charges(rows(map[string]string{"9": "refunded"}, stands), mean)), repair.Done},
		"lost row of the kept one":   {state(again.Charges(rows(nil, map[string]string{"2": "refunded"}), mean)), repair.Changed},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
}
