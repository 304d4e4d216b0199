package app

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/buckets"
)

// TestReceipts plays what can be wrong with two buckets and their inventories, each story with buckets, a scope and a day of its
// own, in formats that are joined at once and in formats that are screened first. The audit speaks for the buckets' own present
// unless a story says otherwise.
func TestReceipts(t *testing.T) {
	w := newReceiptWorld(t)
	for i, story := range []struct {
		name string
		with func(*buckets.Options)
		play func(s *receiptScene)
	}{
		{"mended and cleared", nil, mendedAndCleared},
		{"damaged file", nil, damagedFile},
		{"week old", nil, weekOld},
		{"denied inventory", nil, deniedInventory},
		{"denied look-ups", nil, deniedLookUps},
		{"no versioning", func(o *buckets.Options) { o.Versioning = map[string]string{london: "Suspended"} }, noVersioning},
		{"no rule", func(o *buckets.Options) { o.Rules = map[string][]buckets.Rule{dublin: {}, london: {}} }, noRule},
		{"one way", func(o *buckets.Options) { o.Rules = map[string][]buckets.Rule{london: {}} }, oneWay},
		{"rules not to be read", nil, rulesUnread},
		{"arrived since", nil, arrivedSince},
		{"a moment that is past", nil, momentPast},
		{"young objects", nil, youngObjects},
		{"beyond the listing", nil, beyondListing},
		{"killed", func(o *buckets.Options) { o.FileRows = 20 }, killedAndGoesOn},
		{"little memory", nil, littleMemory},
		{"wrong pattern", nil, wrongPattern},
		{"greedy pattern", nil, greedyPattern},
		{"narrow pattern", nil, narrowPattern},
		{"emptied", nil, emptied},
		{"one window", nil, oneWindow},
		{"masked keys", nil, maskedKeys},
		{"written again", nil, writtenAgain},
		{"doctor", func(o *buckets.Options) { o.Versioning = map[string]string{london: ""} }, doctorOfBuckets},
	} {
		for k, formats := range []map[string]string{{dublin: buckets.CSV, london: buckets.Parquet}, {dublin: buckets.Parquet, london: buckets.ORC}} {
			t.Run(story.name+", "+formats[dublin]+" and "+formats[london], func(t *testing.T) {
				story.play(w.scene(t, story.name+" "+formats[london], 2*i+k+1, func(o *buckets.Options) {
					o.Formats = formats
					if story.with != nil {
						story.with(o)
					}
				}))
			})
		}
	}
}

// clock is a moment of the scene's day, or of a day after it.
func (s *receiptScene) clock(hours float64) time.Time {
	return s.day.Add(time.Duration(hours * float64(time.Hour)))
}

// mendedAndCleared: what is wrong is named, also a version that was deleted behind the replication's back, and clears when it is
// mended, whatever the window of the run that sees it. A payment that never got a receipt stays.
func mendedAndCleared(s *receiptScene) {
	keys := s.paid(s.clock(1), 20)
	s.s3.Stick(dublin, keys[0])
	s.s3.HardDelete(london, keys[1])
	s.s3.MarkDeleted(london, keys[2], s.clock(2))
	none, later := s.charged(s.clock(1.5)), s.charged(s.clock(1.5))
	stray := "receipts/" + s.day.Format("2006/01/02") + "/pay_stray.json"
	s.s3.Put(london, s.clock(1.5), stray, []byte("nobody paid"))
	s.inventories(s.clock(24))
	payment := func(key string) string { return strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json") }
	s.wants(s.at(s.clock(27), 4), audit.RunFindings,
		"receipt.not_replicated "+keys[0], "receipt.not_replicated "+keys[1], "receipt.delete_diverged "+keys[2],
		"receipt.missing "+payment(none), "receipt.missing "+payment(later), "receipt.orphan "+stray)

	s.s3.Put(dublin, s.clock(28), keys[1], []byte("again"))
	s.s3.Delete(dublin, s.clock(28), keys[2])
	s.s3.Put(dublin, s.clock(28), later, []byte("at last"))
	s.s3.Advance(s.clock(29))
	s.inventories(s.clock(48))
	s.s3.Advance(s.clock(51))
	day := s.clock(24)
	s.wants(s.audit(s.clock(51), day, day.Add(time.Hour)), audit.RunFindings,
		"receipt.not_replicated "+keys[0], "receipt.missing "+payment(none), "receipt.orphan "+stray)
	s.s3.Put(london, s.clock(52), keys[0], []byte("again"))
	s.s3.Delete(london, s.clock(52), stray)
	s.s3.Advance(s.clock(53))
	s.inventories(s.clock(72))
	s.s3.Advance(s.clock(75))
	s.wants(s.audit(s.clock(75), day, day.Add(time.Hour)), audit.RunClean, "receipt.missing "+payment(none))
}

// spoil changes one byte of the newest data file of a region's inventory.
func (s *receiptScene) spoil(region string) {
	s.Helper()
	for _, key := range slices.Backward(s.s3.Stored(region)) {
		if strings.Contains(key, "/data/") {
			body := s.s3.Content(region, key)
			body[len(body)/2] ^= 1
			s.s3.Overwrite(region, key, body)
			return
		}
	}
	s.Fatal("there is no data file")
}

// damagedFile: nothing is called missing for a file that cannot be trusted, and nothing clears.
func damagedFile(s *receiptScene) {
	keys := s.paid(s.clock(1), 20)
	s.s3.Stick(dublin, keys[0])
	s.inventories(s.clock(24))
	found := "receipt.not_replicated " + keys[0]
	s.wants(s.at(s.clock(27), 4), audit.RunFindings, found)
	s.spoil(london)
	r := s.at(s.clock(27.5), 4)
	s.wants(r, audit.RunInconclusive, found)
	s.tells(r, "the manifest says")
}

// weekOld: an inventory that has not come for a week is a gap, and what the old one shows stands.
func weekOld(s *receiptScene) {
	keys := s.paid(s.clock(1), 20)
	s.s3.Stick(dublin, keys[0])
	s.inventories(s.clock(24))
	r := s.at(s.clock(8*24), 4)
	s.wants(r, audit.RunInconclusive, "receipt.not_replicated "+keys[0])
}

// refuse lets no request of an action to a region and a bucket through.
func (s *receiptScene) refuse(region, action, bucket string) {
	s.s3.Fault(func(r buckets.Request) buckets.Fault {
		if (region == "" || r.Region == region) && r.Action == action && (bucket == "" || r.Bucket == bucket) {
			return buckets.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "Access Denied"}
		}
		return buckets.Fault{}
	})
}

func deniedInventory(s *receiptScene) {
	s.paid(s.clock(1), 20)
	s.inventories(s.clock(24))
	s.refuse(london, "GetObject", "inventory-2")
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "AccessDenied", "s3:GetObject")
}

// deniedLookUps: the inventories speak alone, and the certificate says why.
func deniedLookUps(s *receiptScene) {
	keys := s.paid(s.clock(1), 20)
	s.s3.Stick(dublin, keys[0])
	s.inventories(s.clock(24))
	s.refuse("", "ListObjectVersions", "")
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunFindings, "receipt.not_replicated "+keys[0])
	s.tells(r, "suspects left as the inventories have them", "s3:ListBucketVersions")
}

func noVersioning(s *receiptScene) {
	s.paid(s.clock(1), 20)
	s.inventories(s.clock(24))
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "versioning of bucket receipts-2 is suspended", "switch versioning on")
}

func noRule(s *receiptScene) {
	s.paid(s.clock(1), 20)
	s.inventories(s.clock(24))
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "no replication rule leads from receipts-1 to receipts-2 or back")
}

// oneWay: what is written where no rule leads away is not missing on the other side.
func oneWay(s *receiptScene) {
	keys := s.paid(s.clock(1), 20)
	s.s3.Stick(dublin, keys[0])
	here := s.charged(s.clock(1))
	s.s3.Put(london, s.clock(1), here, []byte("in London only"))
	s.inventories(s.clock(24))
	s.wants(s.at(s.clock(27), 4), audit.RunFindings, "receipt.not_replicated "+keys[0])
}

// rulesUnread: everything counts as covered.
func rulesUnread(s *receiptScene) {
	keys := s.paid(s.clock(1), 20)
	s.s3.Stick(dublin, keys[0])
	s.inventories(s.clock(24))
	s.refuse("", "GetBucketReplication", "")
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunFindings, "receipt.not_replicated "+keys[0])
	s.tells(r, "every object counts as covered", "s3:GetReplicationConfiguration")
}

// arrivedSince: what has arrived since the scans is no finding.
func arrivedSince(s *receiptScene) {
	s.s3.Pause()
	s.paid(s.clock(1), 20)
	s.inventories(s.clock(24))
	s.s3.Resume()
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunClean)
	s.tells(r, "live look-ups in receipts-2: 20")
}

// momentPast: the buckets can only say what is now, so they are not asked about what was.
func momentPast(s *receiptScene) {
	s.s3.Pause()
	keys := s.paid(s.clock(1), 2)
	s.inventories(s.clock(24))
	s.s3.Resume()
	s.s3.Advance(s.clock(40))
	before := s.s3.Calls(dublin, "ListObjectVersions")
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunFindings, "receipt.not_replicated "+keys[0], "receipt.not_replicated "+keys[1])
	s.tells(r, "the audit speaks for a moment that is past")
	if calls := s.s3.Calls(dublin, "ListObjectVersions"); calls != before {
		s.Errorf("%d listings", calls-before)
	}
}

// youngObjects: what is younger than the inventories is listed and looked up.
func youngObjects(s *receiptScene) {
	s.paid(s.clock(1), 20)
	s.inventories(s.clock(24))
	young := s.paid(s.clock(25), 10)
	s.s3.Stick(dublin, young[3])
	none := s.charged(s.clock(25))
	r := s.at(s.clock(27), 26)
	s.wants(r, audit.RunFindings, "receipt.not_replicated "+young[3], "receipt.missing "+strings.TrimSuffix(none[strings.LastIndex(none, "/")+1:], ".json"))
	s.tells(r, "listing of receipts-1/receipts/", "listing of receipts-2/receipts/")
}

// beyondListing: where the buckets cannot be listed, a window beyond the inventories is a gap.
func beyondListing(s *receiptScene) {
	s.paid(s.clock(1), 20)
	s.inventories(s.clock(24))
	s.paid(s.clock(25), 10)
	s.refuse(london, "ListObjectVersions", "")
	r := s.at(s.clock(27), 26)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "listing of receipts-2/receipts/", "AccessDenied")
	s.s3.Fault(nil)
	s.s3.Advance(s.clock(50))
	r = s.audit(s.clock(27), s.day, s.clock(26))
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "the window reaches beyond the inventories")
}

// killedAndGoesOn: a run that was broken off has stored nothing, and the next one fetches what is left.
func killedAndGoesOn(s *receiptScene) {
	s.paid(s.clock(1), 400)
	s.inventories(s.clock(24))
	s.s3.Advance(s.clock(27))
	ctx, kill := context.WithCancelCause(s.Context())
	killed := errors.New("killed")
	before := s.s3.Calls(dublin, "GetObject")
	s.s3.Fault(func(r buckets.Request) buckets.Fault {
		if r.Region == dublin && r.Action == "GetObject" && r.Nth-before > 12 {
			kill(killed)
			return buckets.Fault{Delay: time.Second}
		}
		return buckets.Fault{}
	})
	_, err := s.app.Run(ctx, Request{Job: "receipts", AsOf: s.clock(27), From: s.day, To: s.clock(4)})
	if !errors.Is(err, killed) {
		s.Fatalf("killed: %v", err)
	}
	s.s3.Fault(nil)
	first := s.s3.Calls(dublin, "GetObject") - before
	s.wants(s.at(s.clock(27), 4), audit.RunClean)
	second := s.s3.Calls(dublin, "GetObject") - before - first
	s.wants(s.at(s.clock(27), 4), audit.RunClean)
	whole := s.s3.Calls(dublin, "GetObject") - before - first - second
	if second >= whole-4 {
		s.Errorf("%d requests, %d after a run that was killed", whole, second)
	}
}

// littleMemory: the outcome is the same where the join must go to the disk.
func littleMemory(s *receiptScene) {
	s.s3.Pause()
	keys := s.paid(s.clock(1), 60)
	for i := range 6000 {
		s.s3.Put(london, s.clock(1), "other/"+strings.Repeat("x", 200)+keys[i%60]+time.Duration(i).String(), []byte("other"))
	}
	s.inventories(s.clock(24))
	s.app.cfg.Receipts[0].Live.Max = 0
	memory := s.app.cfg.Limits.MemoryMiB
	s.app.cfg.Limits.MemoryMiB = 1
	defer func() { s.app.cfg.Receipts[0].Live.Max, s.app.cfg.Limits.MemoryMiB = 10_000, memory }()
	var want []string
	for _, key := range keys {
		want = append(want, "receipt.not_replicated "+key)
	}
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunFindings, want...)
	s.tells(r, "receipts[].live.max is 0", "versions in receipts-2 only:6000")
}

// wrongPattern: not every payment is without a receipt, the pattern is wrong.
func wrongPattern(s *receiptScene) {
	at := s.clock(1)
	s.charged(at)
	s.s3.Put(dublin, at, "invoices/pay_1.json", []byte("an invoice"))
	s.s3.Advance(s.clock(2))
	s.inventories(s.clock(24))
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "excluded 1: live object of the window whose key is not that of a receipt")
	s.tells(r, "no object of 2 fits receipts[].key ", "invoices/pay_1.json")
}

// keyed plays with other keys than those of the world's configuration.
func (s *receiptScene) keyed(template, pattern string) (restore func()) {
	s.Helper()
	r := &s.app.cfg.Receipts[0]
	was := *r
	r.Key, r.KeyPattern = nil, regexp.MustCompile(pattern)
	if template != "" {
		r.Key = new(config.KeyTemplate)
		if err := r.Key.UnmarshalText([]byte(template)); err != nil {
			s.Fatal(err)
		}
	}
	return func() { r.Key, r.KeyPattern = was.Key, was.KeyPattern }
}

// greedyPattern: a pattern that takes the ending for a part of the payment's id is named, and no payment is called missing.
func greedyPattern(s *receiptScene) {
	defer s.keyed("", `receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>[^/]+)`)()
	s.paid(s.clock(1), 40)
	s.inventories(s.clock(24))
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "do not fit one another: 40 of 40 charged payments have no receipt, and 40 of 40 receipts fit no payment", "correct receipts[].key_pattern")
}

// narrowPattern: what lies at the key that the template makes is the payment's receipt, whatever the pattern fits; the one that lacks
// its own is undecided, and so is the run.
func narrowPattern(s *receiptScene) {
	defer s.keyed("receipts/{created_at:YYYY/MM/DD}/{payment_id}.json", `receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>[^/]*1)\.json`)()
	keys := s.paid(s.clock(1), 40)
	s.charged(s.clock(1.5)) // the 41st fits
	s.charged(s.clock(1.5))
	s.s3.Stick(dublin, keys[1])
	s.inventories(s.clock(24))
	young := s.paid(s.clock(25), 3)
	s.s3.Stick(dublin, young[1])
	r := s.at(s.clock(27), 26)
	s.wants(r, audit.RunInconclusive, "receipt.missing pay_narrowpattern"+s.name[len("narrow pattern "):]+"41", "receipt.not_replicated "+keys[1], "receipt.not_replicated "+young[1])
	s.tells(r, "excluded 1: payment without a receipt, from whose key")
}

// emptied: where nothing lies in their stead the receipts are gone, however many.
func emptied(s *receiptScene) {
	keys := s.paid(s.clock(1), 30)
	var want []string
	for i, key := range keys {
		s.s3.Delete(dublin, s.clock(2+float64(i)/100), key)
		want = append(want, "receipt.missing "+strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json"))
	}
	s.inventories(s.clock(24))
	s.wants(s.at(s.clock(27), 4), audit.RunFindings, want...)
}

// oneWindow: who asks for a window gets its findings and no others, and nothing is kept of them.
func oneWindow(s *receiptScene) {
	first, second := s.paid(s.clock(1), 5), s.paid(s.clock(26), 5)
	s.s3.Put(london, s.clock(2), s.charged(s.clock(2)), []byte("shows that London replicates too"))
	s.s3.Stick(dublin, first[0])
	s.s3.Stick(dublin, second[0])
	s.s3.MarkDeleted(london, second[1], s.clock(27))
	s.inventories(s.clock(48))
	s.s3.Advance(s.clock(50))
	w := audit.Window{From: s.clock(24), To: s.clock(30)}
	result, lines, err := s.app.auditReceipts(s.Context(), s.app.cfg.Receipts[0], task{window: w, asOf: s.clock(50)})
	if err != nil {
		s.Fatal(err)
	}
	var got []string
	for _, f := range result.Findings {
		got = append(got, string(f.Kind)+" "+f.Key)
	}
	if want := []string{"receipt.delete_diverged " + second[1], "receipt.not_replicated " + second[0]}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v; left out %+v", got, want, result.Excluded)
	}
	if !complete(lines) {
		s.Errorf("%+v", lines)
	}
	w = audit.Window{From: s.clock(0), To: s.clock(4)}
	if result, _, err = s.app.auditReceipts(s.Context(), s.app.cfg.Receipts[0], task{window: w, asOf: s.clock(50)}); err != nil || len(result.Findings) != 1 {
		s.Errorf("%v: %+v", err, result.Findings)
	}
}

// maskedKeys: what is stored without its card number cannot be looked up again, so outside its window it stays as it was.
func maskedKeys(s *receiptScene) {
	stray := "receipts/" + s.day.Format("2006/01/02") + "/4111111111111111.json"
	s.paid(s.clock(1), 5)
	s.s3.Put(london, s.clock(1.5), stray, []byte("nobody paid"))
	s.inventories(s.clock(24))
	masked := "receipt.orphan " + strings.Replace(stray, "4111111111111111", "411111******1111", 1)
	s.wants(s.at(s.clock(27), 4), audit.RunFindings, masked)
	day := s.clock(12)
	s.wants(s.audit(s.clock(27), day, day.Add(time.Hour)), audit.RunClean, masked)
}

// writtenAgain: a receipt that was written again days after its payment has one, though its row was not read with the window.
func writtenAgain(s *receiptScene) {
	keys := s.paid(s.clock(1), 3)
	s.s3.Advance(s.clock(100))
	s.s3.Put(dublin, s.clock(100), keys[0], []byte("corrected"))
	stray := strings.Replace(keys[1], "writtenagain", "stray", 1)
	s.s3.Put(dublin, s.clock(100), stray, []byte("of no payment"))
	s.s3.Advance(s.clock(124))
	s.inventories(s.clock(124))
	r := s.audit(s.clock(125), s.clock(96), s.clock(112))
	s.wants(r, audit.RunFindings, "receipt.orphan "+stray)
}

// doctorOfBuckets: what the buckets are set to, before any job has run.
func doctorOfBuckets(s *receiptScene) {
	s.paid(s.clock(1), 5)
	s.inventories(s.clock(24))
	s.s3.Advance(s.clock(27))
	s.refuse(dublin, "GetBucketReplication", "")
	d := &doctor{cfg: s.app.cfg, aws: s.app.aws, app: s.app, asOf: s.clock(27)}
	d.receipts(s.Context())
	var said []string
	for _, c := range d.checks {
		said = append(said, c.State+" "+c.What+" "+c.Where+": "+c.Detail+"; "+c.Remedy)
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{
		"ok inventory receipts-1 in eu-west-1: newest inventory of " + s.clock(24).Format(time.RFC3339) + ", 3h0m0s old",
		"warn bucket receipts-1 in eu-west-1: replication rules of receipts-1: AccessDenied; allow s3:GetReplicationConfiguration",
		"missing inventory receipts-2 in eu-west-2: versioning of bucket receipts-2 was never switched on",
	} {
		if !strings.Contains(all, want) {
			s.Errorf("the doctor does not say %q:\n%s", want, all)
		}
	}
}
