package receipt_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
)

func receiptOf(payment string, region audit.Region, at time.Time) record.Object {
	return record.Object{
		Region: region, Bucket: "b", Key: keyOf(payment), VersionID: "v", IsLatest: true, LastModified: at, SeenAt: at.Add(time.Hour),
	}
}

func TestTiesWantLiveReceiptsThatAreYoungEnough(t *testing.T) {
	from := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	ties := receipt.NewTies(rules(), nil, from, 10)
	for name, c := range map[string]struct {
		spoil func(o *record.Object)
		want  bool
	}{
		"live":            {func(*record.Object) {}, true},
		"within the lead": {func(o *record.Object) { o.LastModified = from.Add(-time.Minute) }, true},
		"before the lead": {func(o *record.Object) { o.LastModified = from.Add(-time.Minute - time.Millisecond) }, false},
		"replaced":        {func(o *record.Object) { o.IsLatest = false }, false},
		"deleted":         {func(o *record.Object) { o.DeleteMarker = true }, false},
	} {
		o := receiptOf("pay-1", dublin, from.Add(time.Hour))
		c.spoil(&o)
		if got := ties.Wants(o.Note()); got != c.want {
			t.Errorf("%s: wanted %v", name, got)
		}
	}
}

// TestTiesAreTheSameInAnyOrder: several goroutines see receipts in any order, and of those without a payment the same are kept.
func TestTiesAreTheSameInAnyOrder(t *testing.T) {
	at := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	w := audit.Window{From: at.Add(-time.Hour), To: at.Add(time.Hour)}
	entries := []record.Entry{{PaymentID: "pay-known", CreatedAt: at, Status: "captured"}, {PaymentID: "pay-none", CreatedAt: at, Status: "captured"}}
	ties := receipt.NewTies(rules(), entries, w.From, 5).Within(w)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 50 {
				n := (i*7 + worker*13) % 50
				ties.See([]record.Object{receiptOf(fmt.Sprintf("pay-%02d", n), rules().Regions[worker%2], at), receiptOf("pay-known", london, at)})
			}
			ties.See([]record.Object{receiptOf("pay-00", dublin, at.Add(2*time.Hour)), {Region: dublin, Key: "logs/1", IsLatest: true}})
		})
	}
	group.Wait()
	if !ties.Has("pay-known") || ties.Has("pay-none") || ties.Has("pay-00") {
		t.Error("a payment of the ledger has its receipt, and no other")
	}
	r := receipt.Auditor{Rules: rules()}.Audit(receipt.Input{
		Window: w, AsOf: at.Add(24 * time.Hour), Entries: entries, Cover: w.Around(time.Hour), Ties: ties,
		Complete: map[audit.Region]bool{dublin: true, london: true},
		Scanned:  map[audit.Region]time.Time{dublin: at.Add(12 * time.Hour), london: at.Add(12 * time.Hour)},
	})
	var orphans []string
	for _, f := range r.Findings {
		if f.Kind == audit.ReceiptOrphan {
			orphans = append(orphans, f.Key)
		} else if f.Kind != audit.ReceiptMissing || f.Key != "pay-none" {
			t.Errorf("%s %s", f.Kind, f.Key)
		}
	}
	if len(orphans) != 5 || orphans[0] != keyOf("pay-00") || orphans[4] != keyOf("pay-04") || r.More == 0 {
		t.Errorf("kept %v, %d more", orphans, r.More)
	}
}

func TestPolicyByAge(t *testing.T) {
	day := 24 * time.Hour
	r := receipt.Rules{Slack: 3 * day, Storage: []record.StorageStep{
		{Class: "STANDARD"}, {After: 30 * day, Class: "GLACIER_IR"}, {After: 32 * day, Class: "DEEP_ARCHIVE"},
	}}
	seen := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		age    time.Duration
		class  string
		broken bool
	}{
		{0, "STANDARD", false}, {29 * day, "GLACIER_IR", true}, {30 * day, "GLACIER_IR", false}, {30 * day, "STANDARD", false},
		{31 * day, "DEEP_ARCHIVE", true}, {32 * day, "GLACIER_IR", false}, {32 * day, "STANDARD", false}, {35 * day, "STANDARD", true}, {35 * day, "GLACIER_IR", true},
		{35*day - time.Millisecond, "GLACIER_IR", false}, {-time.Hour, "STANDARD", false}, {400 * day, "", false}, {400 * day, "SOMETHING_NEW", true},
	} {
		o := record.Object{StorageClass: c.class, LastModified: seen.Add(-c.age), IsLatest: true}
		if got := r.Policy().Broken(o.Note(), seen); got != c.broken {
			t.Errorf("%s at %s: %v", c.class, c.age, got)
		}
		o.IsLatest = false
		if r.Policy().Broken(o.Note(), seen) {
			t.Error("a replaced version is judged")
		}
	}
	if (receipt.Rules{}).Policy().Broken(record.Object{StorageClass: "GLACIER", IsLatest: true}.Note(), seen) {
		t.Error("a drift from no policy")
	}
}

func TestPrintIsWhatBothSidesMustHave(t *testing.T) {
	plain := record.Object{IsLatest: true, Encryption: "SSE-S3", StorageClass: "STANDARD"}
	of := func(r receipt.Rules, etag string, spoil func(o *record.Object)) string {
		o := plain
		spoil(&o)
		text, n := r.Print([]byte(etag), o.Note())
		return fmt.Sprint(string(text), " ", n)
	}
	var none, declared receipt.Rules
	declared.Storage = []record.StorageStep{{Class: "STANDARD"}}
	base := of(none, "aa", func(*record.Object) {})
	for name, c := range map[string]struct {
		got  string
		same bool
	}{
		"another ETag":                {of(none, "ab", func(*record.Object) {}), false},
		"no longer the latest":        {of(none, "aa", func(o *record.Object) { o.IsLatest = false }), false},
		"a delete marker":             {of(none, "aa", func(o *record.Object) { o.DeleteMarker = true }), false},
		"another class":               {of(none, "aa", func(o *record.Object) { o.StorageClass = "GLACIER" }), false},
		"a status":                    {of(none, "aa", func(o *record.Object) { o.ReplicationStatus = "FAILED" }), true},
		"another time":                {of(none, "aa", func(o *record.Object) { o.LastModified = time.Now() }), true},
		"encryption that is not told": {of(none, "aa", func(o *record.Object) { o.Encryption = "" }), true},
	} {
		if (c.got == base) != c.same {
			t.Errorf("%s: %q against %q", name, c.got, base)
		}
	}
	glacier := func(o *record.Object) { o.StorageClass = "GLACIER" }
	old := func(o *record.Object) { o.StorageClass, o.IsLatest = "GLACIER", false }
	if of(declared, "aa", glacier) != of(declared, "aa", func(*record.Object) {}) || of(none, "aa", old) != of(none, "aa", func(o *record.Object) { o.IsLatest = false }) {
		t.Error("the class is compared though a policy is declared, or the version replaced")
	}
	for _, spoil := range []func(o *record.Object){
		func(o *record.Object) { o.Encryption = "SSE-KMS" }, func(o *record.Object) { o.Encryption = "DSSE-KMS" },
		func(o *record.Object) { o.Encryption = "SSE-C" }, func(o *record.Object) { o.Multipart = true },
	} {
		if of(none, "aa", spoil) != of(none, "bb", spoil) {
			t.Error("an ETag that says nothing is compared")
		}
	}
	if of(none, "aa-2", func(*record.Object) {}) != of(none, "bb-3", func(*record.Object) {}) {
		t.Error("the ETag of an upload in parts is compared")
	}
}

// TestDroppedOnce: a receipt without a payment that both regions hold is one, also among those that are not kept.
func TestDroppedOnce(t *testing.T) {
	ties := receipt.NewTies(rules(), nil, day.From, 10)
	for _, region := range rules().Regions {
		for i := range 1000 {
			ties.See([]record.Object{receiptOf(fmt.Sprintf("pay-%04d", i), region, day.From.Add(time.Hour))})
		}
	}
	in := apart()
	in.Ties, in.Entries = ties, []record.Entry{}
	if got := (receipt.Auditor{Rules: rules()}).Audit(in); got.More != 990 || len(got.Findings)+int(got.Excluded[0].Records)+int(got.More) < 1000 {
		t.Errorf("%d more, %d findings, %+v", got.More, len(got.Findings), got.Excluded)
	}
}
