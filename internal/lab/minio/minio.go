//go:build peers

// Package minio runs two MinIO servers with real bucket replication between them, as a peer of the stand-in in
// internal/lab/buckets: what S3 does is played there, and done here. The servers and their client, mc, are programs of
// their own that `make test-peers` builds; nothing of them is linked. It knows nothing of the product.
//
// The pair is set up to behave as S3 does where MinIO leaves the choice: both directions replicate with delete markers, and
// a HEAD is answered from the bucket it is sent to (MinIO asks the other side for what it lacks, unless told not to proxy).
// That the deletion of a version is not replicated is up to Remove: MinIO tries a delete marker again only where deletions
// are replicated, too.
// Source: Amazon S3 User Guide, "What does Amazon S3 replicate?"; MinIO documentation, "Bucket Replication".
package minio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Credentials of both servers. They hold nothing but what a test writes, and listen on 127.0.0.1 alone.
const (
	AccessKey = "AKIDEXAMPLE"
	SecretKey = "example-secret"
)

// Options describe the pair. All but Formats are needed.
type Options struct {
	Dir              string // an empty folder for data, settings and logs
	Server, Client   string // the programs minio and mc
	Regions          [2]string
	Buckets          map[string]string // replicated bucket, by region
	InventoryBuckets map[string]string // where the region's inventory is written, by region
	Prefix, ConfigID string            // inventory destination prefix and configuration id
	Formats          map[string]string // inventory format by region, see internal/lab/buckets; CSV and Parquet where empty
}

// Pair is the two servers. Its methods are not to be called at the same time.
type Pair struct {
	options Options
	servers map[string]*server
	clients map[string]*s3.Client
	wires   map[string]*wire // over which the other side reaches a region
}

// Start starts both servers, creates their buckets with versioning and links them. Close ends them.
func Start(ctx context.Context, o Options) (*Pair, error) {
	p := &Pair{options: o, servers: map[string]*server{}, clients: map[string]*s3.Client{}, wires: map[string]*wire{}}
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Pair) start(ctx context.Context) error {
	for _, region := range p.options.Regions {
		s, err := newServer(p.options.Server, filepath.Join(p.options.Dir, region))
		if err != nil {
			return fmt.Errorf("start minio in %s: %w", region, err)
		}
		p.servers[region] = s
		if err := s.start(ctx); err != nil {
			return fmt.Errorf("start minio in %s: %w", region, err)
		}
		p.clients[region] = client(region, s.url())
		if p.wires[region], err = newWire(s.address); err != nil {
			return err
		}
		if err := p.makeBuckets(ctx, region); err != nil {
			return err
		}
	}
	for _, region := range p.options.Regions {
		if err := p.link(ctx, region); err != nil {
			return err
		}
	}
	return nil
}

func client(region, url string) *s3.Client {
	return s3.New(s3.Options{
		Region: region, BaseEndpoint: &url, UsePathStyle: true, RetryMaxAttempts: 5,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, // MinIO keeps the checksums that it is sent, and makes none
		Credentials:                credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

// makeBuckets creates the region's bucket, with versioning, and that of its inventories, without.
func (p *Pair) makeBuckets(ctx context.Context, region string) error {
	bucket := p.options.Buckets[region]
	for _, name := range []string{bucket, p.options.InventoryBuckets[region]} {
		if _, err := p.clients[region].CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	_, err := p.clients[region].PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		return fmt.Errorf("version bucket %s: %w", bucket, err)
	}
	return nil
}

// link replicates a region's bucket to the other one. An outage of the target is noticed within a second or two, where MinIO
// looks for it every minute by itself.
func (p *Pair) link(ctx context.Context, region string) error {
	other := p.other(region)
	target := fmt.Sprintf("http://%s:%s@%s/%s", AccessKey, SecretKey, p.wires[other].address(), p.options.Buckets[other])
	return p.mc(ctx, "replicate", "add", region+"/"+p.options.Buckets[region],
		"--remote-bucket", target, "--priority", "1", "--replicate", "delete-marker,delete,existing-objects",
		"--disable-proxy", "--healthcheck-seconds", "1", "--path", "on")
}

// Resync replicates again whatever the other region lacks, deleted versions too, as MinIO can and S3 Batch Replication
// cannot ("DstObjectHardDeleted").
func (p *Pair) Resync(ctx context.Context, region string) error {
	return p.mc(ctx, "replicate", "resync", "start", region+"/"+p.options.Buckets[region], "--remote-bucket", p.targetARN(ctx, region))
}

// targetARN is how MinIO names the other side of a region's bucket; empty if it does not tell.
func (p *Pair) targetARN(ctx context.Context, region string) string {
	answer, err := p.clients[region].GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: aws.String(p.options.Buckets[region])})
	if err != nil || answer.ReplicationConfiguration == nil || len(answer.ReplicationConfiguration.Rules) == 0 ||
		answer.ReplicationConfiguration.Rules[0].Destination == nil {
		return ""
	}
	return aws.ToString(answer.ReplicationConfiguration.Rules[0].Destination.Bucket)
}

// mc runs MinIO's client with both servers known by the names of their regions.
func (p *Pair) mc(ctx context.Context, args ...string) error {
	dir := filepath.Join(p.options.Dir, "mc")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("run mc: %w", err)
	}
	cmd := exec.CommandContext(ctx, p.options.Client, append([]string{"--quiet", "--config-dir", dir}, args...)...) //nolint:gosec // the test's own
	cmd.Dir, cmd.Env = dir, environment(dir)
	for region, s := range p.servers {
		cmd.Env = append(cmd.Env, fmt.Sprintf("MC_HOST_%s=http://%s:%s@%s", region, AccessKey, SecretKey, s.address))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run mc %s %s: %w: %s", args[0], args[1], err, out)
	}
	return nil
}

// URL is the address of a region's server, the same for the pair's life.
func (p *Pair) URL(region string) string { return p.servers[region].url() }

// Client is an S3 client of a region's server.
func (p *Pair) Client(region string) *s3.Client { return p.clients[region] }

// Cut breaks the network between the servers: neither can replicate, and both answer everybody else.
func (p *Pair) Cut() { p.wire(wireCut) }

// Silence lets the network between the servers swallow what is sent.
func (p *Pair) Silence() { p.wire(wireSilent) }

// Mend makes the network between the servers whole again.
func (p *Pair) Mend() { p.wire(wireWhole) }

func (p *Pair) wire(state wireState) {
	for _, w := range p.wires {
		w.set(state)
	}
}

// Stop ends a region's server in order.
func (p *Pair) Stop(region string) error { return p.servers[region].stop() }

// Kill ends a region's server as a crash would.
func (p *Pair) Kill(region string) error { return p.servers[region].kill() }

// Hang freezes a region's server: it takes connections and answers nothing.
func (p *Pair) Hang(region string) error { return p.servers[region].hang() }

// Resume brings a region's server back, whatever was done to it.
func (p *Pair) Resume(ctx context.Context, region string) error { return p.servers[region].resume(ctx) }

// Close kills both servers.
func (p *Pair) Close() error {
	var err error
	for _, s := range p.servers {
		err = errors.Join(err, s.kill())
	}
	for _, w := range p.wires {
		w.close()
	}
	return err
}

func (p *Pair) other(region string) string {
	if region == p.options.Regions[0] {
		return p.options.Regions[1]
	}
	return p.options.Regions[0]
}
