//go:build peers

package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/minio"
	"parallax/internal/lab/minio/miniotest"
	"parallax/sinks/report"
)

// minioWorld is two MinIO servers with receipts and real replication between them, the ledger of their payments, and an
// application that holds them against one another. Its time is that of the clock, for MinIO's is.
type minioWorld struct {
	*ledgerWorld
	pair  *minio.Pair
	begun time.Time
	scans map[string]time.Time // when the newest inventory of a region was begun
	later time.Duration        // that inventories are dated after their time: nothing happens in between
}

// catchUp is how long a pair may take to have everything on both sides; it takes some seconds.
const catchUp = time.Minute

// inFlight is how long replication may take in this world.
const inFlight = time.Second

func newMinioWorld(t *testing.T) *minioWorld {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": minio.AccessKey, "AWS_SECRET_ACCESS_KEY": minio.SecretKey, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	w := &minioWorld{pair: miniotest.Start(t), begun: time.Now().Add(-time.Minute), scans: map[string]time.Time{}}
	place := func(region string) string {
		return fmt.Sprintf("%s: {bucket: receipts-%s, inventory: {bucket: inventory-%s, prefix: inv, id: daily}}", region, region, region)
	}
	w.ledgerWorld = newLedgerWorld(t, "", fmt.Sprintf(`receipts:
  - {name: receipts, ledger: payments, key: "receipts/{payment_id}.json", grace: %s, settle: %s, regions: {%s, %s}}
aws: {s3_path_style: true, retries: 1, timeout: 2s, endpoints: {%s: {s3: %q}, %s: {s3: %q}}}
`, inFlight, inFlight, place(dublin), place(london), dublin, w.pair.URL(dublin), london, w.pair.URL(london)))
	return w
}

// settings puts something else into the configuration.
func (w *minioWorld) settings(from, to string) {
	w.Helper()
	path := filepath.Join(w.dir, "parallax.yaml")
	text, err := os.ReadFile(path)
	w.must(err)
	if !strings.Contains(string(text), from) {
		w.Fatalf("the configuration has no %q", from)
	}
	w.must(os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
	w.app.cfg, err = config.Load(path, nil)
	w.must(err)
}

func (w *minioWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func objectKey(payment string) string { return "receipts/" + payment + ".json" }

// payment enters a payment with a status of the ledger.
func (w *minioWorld) payment(name, status string) {
	w.Helper()
	w.rows++
	_, err := w.ledgerWorld.pair.Writer().Exec(w.Context(), `insert into payments
		(payment_id, idempotency_key, region, amount_minor, currency, status, network, network_reference, created_at, updated_at)
		values ($1, $1, $2, 1000, 'EUR', $3, 'visa', $1, $4, $4)`, name, dublin, status, time.Now().Truncate(time.Second))
	w.must(err)
}

// receipt enters a captured payment and writes its receipt in a region.
func (w *minioWorld) receipt(region, name string) (version string) {
	w.Helper()
	w.payment(name, "captured")
	return w.write(region, name, "receipt of "+name)
}

// declined enters a declined payment, which needs no receipt, and writes one.
func (w *minioWorld) declined(region, name string) {
	w.Helper()
	w.payment(name, "declined")
	w.write(region, name, "a mistake")
}

// write writes a receipt, again if it is there already.
func (w *minioWorld) write(region, name, body string) (version string) {
	w.Helper()
	version, err := w.pair.Put(w.Context(), region, objectKey(name), []byte(body))
	w.must(err)
	return version
}

func (w *minioWorld) erase(region, name string) (version string) {
	w.Helper()
	version, err := w.pair.Delete(w.Context(), region, objectKey(name))
	w.must(err)
	return version
}

// fine are receipts that have nothing wrong with them, of each sort.
func (w *minioWorld) fine() {
	w.Helper()
	for i := range 5 {
		w.receipt(dublin, fmt.Sprintf("fine in dublin + %d%%", i))
		w.receipt(london, fmt.Sprintf("fine-in-löndon-%d", i))
	}
	w.receipt(dublin, "fine-overwritten")
	w.write(dublin, "fine-overwritten", "corrected")
	w.payment("fine-large", "captured")
	_, err := w.pair.PutMultipart(w.Context(), london, objectKey("fine-large"), []byte("large"))
	w.must(err)
	w.declined(dublin, "fine-deleted")
	w.erase(dublin, "fine-deleted")
	w.alike()
}

// alike waits until both buckets hold the same.
func (w *minioWorld) alike() {
	w.Helper()
	w.must(w.pair.WaitAlike(w.Context(), catchUp))
}

// wait waits until the newest versions of receipts in a region have a replication status.
func (w *minioWorld) wait(status, region string, names ...string) {
	w.Helper()
	for _, name := range names {
		w.must(w.pair.WaitStatus(w.Context(), region, objectKey(name), catchUp, status))
	}
}

// settled waits until the newest versions of receipts are the same in both regions.
func (w *minioWorld) settled(names ...string) {
	w.Helper()
	for _, name := range names {
		w.must(w.pair.WaitNewest(w.Context(), objectKey(name), catchUp))
	}
}

// scan writes the inventories of regions once what was written is no longer in flight.
func (w *minioWorld) scan(regions ...string) {
	w.Helper()
	time.Sleep(inFlight + time.Second) // S3 shows whole seconds
	for _, region := range regions {
		w.scans[region] = w.now().Truncate(time.Millisecond)
		w.must(w.pair.WriteInventory(w.Context(), region, w.scans[region]))
	}
}

func (w *minioWorld) now() time.Time { return time.Now().UTC().Add(w.later) }

// audit runs the receipts job over all that was written until the inventories were begun.
func (w *minioWorld) audit() report.Run {
	w.Helper()
	result, err := w.app.Run(w.Context(), Request{Job: "receipts", AsOf: w.now(), From: w.begun.UTC(), To: w.until()})
	w.must(err)
	return result.Runs[0]
}

// until is when the earlier of the newest inventories was begun.
func (w *minioWorld) until() time.Time { return minTime(w.scans[dublin], w.scans[london]) }

// wantRun wants a verdict and exactly these findings of a run: kind and key.
func (w *minioWorld) wantRun(when string, run report.Run, verdict audit.RunVerdict, want ...string) {
	w.Helper()
	if run.Verdict != verdict {
		w.Errorf("%s: the run is %s, want %s\n%s", when, run.Verdict, verdict, gapsSaid(run))
	}
	var got []string
	for _, f := range run.Reported {
		got = append(got, fmt.Sprintf("%s %s", f.Kind, f.Key))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Errorf("%s: found\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantCleared wants new inventories to be clean, and no finding to be left. The run is the next one: its window begins where
// that of the one before has ended, and what was found lies before it.
func (w *minioWorld) wantCleared(when string) {
	w.Helper()
	w.begun = w.until()
	w.scan(dublin, london)
	w.wantRun(when, w.audit(), audit.RunClean)
	w.stand(when)
}

// standing are findings as the store keeps them.
func standing(found []string) []string {
	var out []string
	for _, f := range found {
		out = append(out, f+" open")
	}
	return out
}

func gapsSaid(run report.Run) string {
	var all []string
	for _, c := range run.Coverage {
		for _, g := range c.Gaps {
			all = append(all, fmt.Sprintf("%s %s: %s", c.Source, c.Region, g.Reason))
		}
	}
	return strings.Join(all, "\n")
}
