package kinesis_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	labkinesis "parallax/internal/lab/kinesis"
)

// peer is kinesalite, a Kinesis server by other people. It keeps its own time.
type peer struct {
	t      *testing.T
	client *awskinesis.Client
}

// startPeer starts the server on a free port of 127.0.0.1. Its own program would listen on every address.
func startPeer(t *testing.T) *peer {
	t.Helper()
	folder, err := peerFolder()
	if err != nil {
		t.Fatal(err)
	}
	const program = `const server = require(process.argv[1])({createStreamMs: 0, updateStreamMs: 0, deleteStreamMs: 0}).listen(0, '127.0.0.1', () => console.log(server.address().port))`
	ctx, cancel := context.WithCancel(context.Background())
	node := exec.CommandContext(ctx, "node", "-e", program, folder)
	node.Dir = t.TempDir()
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = node.Wait() // it was killed
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("kinesalite did not say its port: %v", err)
	}
	url := "http://127.0.0.1:" + strings.TrimSpace(port)
	keys := credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", "")
	return &peer{t, awskinesis.New(awskinesis.Options{Region: dublin, BaseEndpoint: &url, Credentials: keys})}
}

// peerFolder finds kinesalite where the Makefile installs it, from the root of the module.
func peerFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find kinesalite: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find kinesalite: no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	folder := filepath.Join(dir, ".tools", "npm", "node_modules", "kinesalite")
	if _, err := os.Stat(folder); err != nil {
		return "", fmt.Errorf("kinesalite, a server to compare with, is not installed: run `make tools`: %w", err)
	}
	return folder, nil
}

func (p *peer) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) create(shards int32) {
	p.t.Helper()
	_, err := p.client.CreateStream(p.t.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String(stream), ShardCount: &shards})
	p.must(err)
	p.ready()
}

func (p *peer) ready() {
	p.t.Helper()
	p.must(awskinesis.NewStreamExistsWaiter(p.client, func(o *awskinesis.StreamExistsWaiterOptions) { o.MinDelay = 10 * time.Millisecond }).
		Wait(p.t.Context(), &awskinesis.DescribeStreamInput{StreamName: aws.String(stream)}, 20*time.Second))
}

// put writes the records of orders from first to last, as they are created.
func (p *peer) put(l *lab, first, last int) {
	p.t.Helper()
	var entries []types.PutRecordsRequestEntry
	for n := first; n <= last; n++ {
		c := l.insert(n)
		c.At = time.Now()
		entries = append(entries, types.PutRecordsRequestEntry{Data: c.JSON(), PartitionKey: aws.String(string(c.Keys))})
	}
	out, err := p.client.PutRecords(p.t.Context(), &awskinesis.PutRecordsInput{StreamName: aws.String(stream), Records: entries})
	p.must(err)
	if aws.ToInt32(out.FailedRecordCount) != 0 {
		p.t.Fatalf("%+v", out)
	}
}

func (p *peer) shards() []types.Shard {
	p.t.Helper()
	out, err := p.client.ListShards(p.t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String(stream)})
	p.must(err)
	return out.Shards
}

func (p *peer) arn() string {
	p.t.Helper()
	out, err := p.client.DescribeStreamSummary(p.t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)})
	p.must(err)
	return aws.ToString(out.StreamDescriptionSummary.StreamARN)
}

// TestPeerIsReadAcrossASplitAndAMerge reads a Kinesis server of other people: every record once, over three runs.
func TestPeerIsReadAcrossASplitAndAMerge(t *testing.T) {
	p := startPeer(t)
	p.create(2)
	l := newLab(t, func(o *labkinesis.Options) { o.Start = time.Now().Add(time.Minute) }) // the clock of the stand-in, which answers for the table
	l.from = time.Now().Add(-time.Minute)
	l.stream.ARN(p.arn())
	l.source.Streams = p.client
	l.source.PageLimit = 7
	now := func() time.Time { return time.Now().Add(time.Hour) }

	p.put(l, 1, 50)
	first := l.until(now())
	first.whole(t)
	first.wants(t, 1, 50)

	p.put(l, 51, 80)
	parent := p.shards()[0]
	_, err := p.client.SplitShard(t.Context(), &awskinesis.SplitShardInput{
		StreamName: aws.String(stream), ShardToSplit: parent.ShardId, NewStartingHashKey: aws.String("85070591730234615865843651857942052864"),
	})
	p.must(err)
	p.ready()
	p.put(l, 81, 130)
	children := slices.DeleteFunc(p.shards(), func(s types.Shard) bool { return aws.ToString(s.ParentShardId) != *parent.ShardId })
	if len(children) != 2 {
		t.Fatalf("%d children", len(children))
	}
	_, err = p.client.MergeShards(t.Context(), &awskinesis.MergeShardsInput{
		StreamName: aws.String(stream), ShardToMerge: children[0].ShardId, AdjacentShardToMerge: children[1].ShardId,
	})
	p.must(err)
	p.ready()
	p.put(l, 131, 170)
	second := l.until(now())
	second.whole(t)
	second.wants(t, 51, 170)
	p.put(l, 171, 171)
	l.until(now()).wants(t, 171, 171)
}

// TestPeerAnswersAsTheStandInDoes asks both servers the same and compares the members of their answers and the errors.
func TestPeerAnswersAsTheStandInDoes(t *testing.T) {
	p := startPeer(t)
	p.create(1)
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
	l.tick(time.Minute)
	c := l.insert(1)
	l.put(c)
	p.put(l, 1, 1)
	ours, ok := l.source.Streams.(*awskinesis.Client)
	if !ok {
		t.Fatal("not the client")
	}
	one, two := asked(t, ours), asked(t, p.client)
	if one != two {
		t.Errorf("the stand-in answers\n%s\nkinesalite\n%s", one, two)
	}
}

// asked is what a server answers to a reader's questions: members that are set, and errors' codes.
func asked(t *testing.T, c *awskinesis.Client) string {
	t.Helper()
	var out strings.Builder
	ctx, name := t.Context(), aws.String(stream)
	say := func(what string, answer any, err error) {
		fmt.Fprintf(&out, "%s: %s %s\n", what, members(t, answer), errorCode(err))
	}
	summary, err := c.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: name})
	say("summary", summary, err)
	_, err = c.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("none")})
	say("summary of none", nil, err)
	shards, err := c.ListShards(ctx, &awskinesis.ListShardsInput{StreamName: name})
	say("shards", shards, err)
	first := &awskinesis.GetShardIteratorInput{StreamName: name, ShardId: shards.Shards[0].ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	it, err := c.GetShardIterator(ctx, first)
	say("iterator", it, err)
	page, err := c.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	say("records", page, err)
	first.ShardIteratorType, first.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, page.Records[0].SequenceNumber
	it, err = c.GetShardIterator(ctx, first)
	say("iterator after", it, err)
	page, err = c.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	say("records after", page, err)
	if len(page.Records) != 0 || aws.ToInt64(page.MillisBehindLatest) != 0 {
		t.Errorf("behind the last record: %+v", page)
	}
	_, err = c.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: aws.String("AAAA")})
	say("records of nothing", nil, err)
	first.ShardId = aws.String("shardId-000000000099")
	_, err = c.GetShardIterator(ctx, first)
	say("iterator of no shard", nil, err)
	return out.String()
}

// members are the paths of the members of an answer that are set.
func members(t *testing.T, answer any) string {
	t.Helper()
	js, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(js, &tree); err != nil {
		t.Fatal(err)
	}
	var paths []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				if name != "ResultMetadata" {
					walk(path+"."+name, inner)
				}
			}
		case []any:
			for _, inner := range v {
				walk(path+"[]", inner)
			}
		case string:
			if v != "" {
				paths = append(paths, path)
			}
		case nil:
		default:
			paths = append(paths, path)
		}
	}
	walk("", tree)
	slices.Sort(paths)
	return strings.Join(slices.Compact(paths), " ")
}

func errorCode(err error) string {
	var api interface{ ErrorCode() string }
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
