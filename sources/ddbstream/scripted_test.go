package ddbstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parallax/internal/lab/loopback"
)

// scripted is a stream of one open shard that answers what it is told to, page by page, through the real client.
type scripted struct {
	pages  [][]put // by the number in the iterator; none beyond the last
	stuck  bool    // every page's next iterator is the one that was asked
	circle bool    // the list of shards never ends
	silent bool    // GetRecords never answers, and there are three shards
	ends   bool    // the shard is closed behind its last page
	table  string  // further members of DescribeTable's answer
	view   string
	spoil  func(call int, w http.ResponseWriter) bool // answers a call of GetRecords itself, and says whether it did

	mu    sync.Mutex
	calls int // of DescribeTable and GetRecords
	asked int // calls of GetRecords
	times []time.Time
}

// put is the record of a new item, written so many minutes after the start; one with raw is that, whatever it is.
type put struct {
	n      int
	minute float64
	raw    string
}

func (p put) seq() string { return fmt.Sprintf("1%020d", p.n) }

func (p put) json() string {
	if p.raw != "" {
		return p.raw
	}
	key := fmt.Sprintf(`{"pk":{"S":"order-%04d"}}`, p.n)
	return fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"%s","ApproximateCreationDateTime":%d,"Keys":%s,"NewImage":%s}}`,
		p.seq(), start.Add(time.Duration(p.minute*float64(time.Minute))).Unix(), key, key)
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, _ := io.ReadAll(r.Body)
	var in struct{ ShardIterator, SequenceNumber string }
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch op {
	case "DescribeTable":
		s.calls++
		send(w, fmt.Sprintf(`{"Table":{"LatestStreamArn":"arn:aws:dynamodb:eu-west-1:1:table/keys/stream/1","LatestStreamLabel":"%s",
			"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"%s"}%s}}`, start.Format("2006-01-02T15:04:05.000"), orElse(s.view, "NEW_AND_OLD_IMAGES"), s.table))
	case "DescribeStream":
		shards, more := `{"ShardId":"shard-1"}`, ""
		if s.ends {
			shards = `{"ShardId":"shard-1","SequenceNumberRange":{"StartingSequenceNumber":"1","EndingSequenceNumber":"199999999999999999999"}}`
		}
		if s.silent {
			shards += `,{"ShardId":"shard-2"},{"ShardId":"shard-3"}`
		}
		if s.circle {
			more = `,"LastEvaluatedShardId":"shard-1"`
		}
		send(w, `{"StreamDescription":{"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Shards":[`+shards+`]`+more+`}}`)
	case "GetShardIterator":
		send(w, fmt.Sprintf(`{"ShardIterator":"%d"}`, s.from(in.SequenceNumber)))
	case "GetRecords":
		s.calls++
		s.asked++
		s.times = append(s.times, time.Now())
		s.records(w, r, in.ShardIterator)
	}
}

// from is the page that has what comes behind a record; the page loses what comes before.
func (s *scripted) from(seq string) int {
	for i, page := range s.pages {
		for j, p := range page {
			if p.raw == "" && p.seq() == seq {
				s.pages[i] = page[j+1:]
				return i
			}
		}
	}
	return 0
}

func (s *scripted) records(w http.ResponseWriter, r *http.Request, iterator string) {
	if s.silent {
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
		return
	}
	if s.spoil != nil && s.spoil(s.asked, w) {
		return
	}
	n, _ := strconv.Atoi(iterator)
	var records []string
	if n < len(s.pages) {
		for _, p := range s.pages[n] {
			records = append(records, p.json())
		}
	}
	next := fmt.Sprintf(`,"NextShardIterator":"%d"`, n+1)
	switch {
	case s.stuck:
		next = `,"NextShardIterator":"` + iterator + `"`
	case s.ends && n+1 >= len(s.pages):
		next = ""
	}
	send(w, `{"Records":[`+strings.Join(records, ",")+`]`+next+`}`)
}

// send answers as the service does, with the checksum of the body.
func send(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("Date", start.Add(time.Hour).UTC().Format(http.TimeFormat))
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10))
	_, _ = io.WriteString(w, body)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (s *scripted) lab(t *testing.T) *lab {
	t.Helper()
	url, stop, err := loopback.Serve(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return &lab{t: t, source: source(url)}
}

// empty are so many pages without a record, and the given ones behind them.
func empty(n int, then ...put) [][]put { return append(make([][]put, n), then) }

func TestEmptyPagesOfAnOpenShardAreNotItsEnd(t *testing.T) {
	for _, n := range []int{9, 31} {
		s := &scripted{pages: empty(n, put{n: 1, minute: 1})}
		r := s.lab(t).until(start.Add(time.Hour))
		r.wants(t, 1, 1)
		r.whole(t)
	}
}

func TestARecordOfALaterWindowHidesNoOther(t *testing.T) {
	l := (&scripted{pages: [][]put{
		{{n: 1, minute: 1}, {n: 3, minute: 12}, {n: 4, minute: 8}}, {{n: 5, minute: 30}}, {{n: 6, minute: 9}, {n: 7, minute: 31}, {n: 8, minute: 2}},
	}}).lab(t)
	l.source.ReadAt = start.Add(time.Hour)
	first := l.until(start.Add(10 * time.Minute))
	first.whole(t)
	if got := strings.Join(first.keys(), " "); got != "order-0001 order-0004 order-0006 order-0008" {
		t.Errorf("the first run read %s", got)
	}
	second := l.until(start.Add(20 * time.Minute))
	second.whole(t)
	if got := strings.Join(second.keys(), " "); got != "order-0003" {
		t.Errorf("the second run read %s", got)
	}
	third := l.until(start.Add(time.Hour))
	third.whole(t)
	if got := strings.Join(third.keys(), " "); got != "order-0005 order-0007" {
		t.Errorf("the third run read %s", got)
	}
	l.until(start.Add(2*time.Hour)).wants(t, 1, 0)
}

func TestAnswersThatGoRoundInACircleAreAGap(t *testing.T) {
	for reason, s := range map[string]*scripted{
		"its next iterator is the one that was asked": {stuck: true, pages: [][]put{{{n: 1, minute: 1}}}},
		"came after":      {pages: [][]put{{{n: 2, minute: 1}}, {{n: 1, minute: 1}}}},
		"page after page": {pages: slices.Repeat([][]put{{{n: 1, minute: 1}}}, 20)},
		"the list of shards of idempotency-keys does not lead on": {circle: true},
	} {
		r := s.lab(t).until(start.Add(time.Hour))
		r.gap(t, reason)
		if !r.mark.IsZero() {
			t.Errorf("%s: watermark %v", reason, r.mark)
		}
	}
}

// Servers answer so at the end of an open shard.
func TestAnEmptyPageThatLeadsNowhereIsTheEndOfWhatThereIs(t *testing.T) {
	s := &scripted{stuck: true}
	r := s.lab(t).until(start.Add(time.Hour))
	if len(r.gaps) != 0 || r.mark.IsZero() {
		t.Errorf("gaps %v, watermark %v", r.gaps, r.mark)
	}
}

func TestSilenceCostsOneTimeoutAWorker(t *testing.T) {
	s := &scripted{silent: true}
	l := s.lab(t)
	l.source.Timeout, l.source.Workers = 500*time.Millisecond, 1
	r := l.until(start.Add(time.Hour))
	for _, shard := range []string{"shard-1", "shard-2", "shard-3"} {
		r.gap(t, shard+" got no answer: nothing came")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls != 2 { // DescribeTable and one GetRecords
		t.Errorf("%d calls", s.calls)
	}
}

func TestTheWholeReadingHasABudget(t *testing.T) {
	l := (&scripted{}).lab(t)
	l.source.IdlePages, l.source.Interval, l.source.Budget = 1_000_000, time.Millisecond, 30*time.Millisecond
	r := l.until(start.Add(time.Hour))
	r.gap(t, "the time allowed for reading the stream is over")
	if !r.mark.IsZero() {
		t.Errorf("watermark %v", r.mark)
	}
}

// refusing is a client that refuses to describe a table.
type refusing struct {
	err   error
	calls int
}

func (r *refusing) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	r.calls++
	return nil, r.err
}

func TestMissingCredentialsReadAsSuch(t *testing.T) {
	r := &refusing{err: fmt.Errorf("operation error DynamoDB: DescribeTable, get identity: get credentials: %w", context.Canceled)}
	src := source("http://127.0.0.1:1")
	src.Tables = r
	g := (&lab{t: t, source: src}).until(start.Add(time.Hour)).gap(t, "no AWS credentials were found")
	if !strings.Contains(g.Remedy, "AWS_PROFILE") || r.calls != 1 {
		t.Errorf("remedy %q after %d calls", g.Remedy, r.calls)
	}
	unsigned := source("http://127.0.0.1:1")
	unsigned.Tables = dynamodb.New(dynamodb.Options{Region: dublin, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, fmt.Errorf("no EC2 IMDS role found")
	})})
	l := &lab{t: t, source: unsigned}
	l.until(start.Add(time.Hour)).gap(t, "no AWS credentials were found")
}
