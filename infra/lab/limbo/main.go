// Says what Go's crypto/x509 answers to each case of the public suite x509-limbo, a case a line: id, "accepts" or
// "refuses", and why. Standard input: limbo.json. infra/docs/path-validation.md has the command.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"os"
	"strings"
	"time"
)

type testCase struct {
	ID               string     `json:"id"`
	Kind             string     `json:"validation_kind"`
	Anchors          []string   `json:"trusted_certs"`
	Intermediates    []string   `json:"untrusted_intermediates"`
	Leaf             string     `json:"peer_certificate"`
	Time             *time.Time `json:"validation_time"`
	ExtendedKeyUsage []string   `json:"extended_key_usage"`
	PeerName         *struct {
		Value string `json:"value"`
	} `json:"expected_peer_name"`
}

var usages = map[string]x509.ExtKeyUsage{
	"SERVER": x509.ExtKeyUsageServerAuth, "serverAuth": x509.ExtKeyUsageServerAuth,
	"CLIENT": x509.ExtKeyUsageClientAuth, "clientAuth": x509.ExtKeyUsageClientAuth,
}

func main() {
	var suite struct {
		Cases []testCase `json:"testcases"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&suite); err != nil {
		log.Fatalf("standard input is not limbo.json: %v", err)
	}
	for _, tc := range suite.Cases {
		answer, reason := "accepts", ""
		if err := verify(tc); err != nil {
			answer, reason = "refuses", strings.Join(strings.Fields(err.Error()), " ")
		}
		fmt.Printf("%s\t%s\t%s\n", tc.ID, answer, reason)
	}
}

func verify(tc testCase) error {
	block, _ := pem.Decode([]byte(tc.Leaf))
	if block == nil {
		return fmt.Errorf("no PEM block")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	// A pool leaves out what Go cannot parse; the path then ends at an unknown authority.
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
	options.Roots.AppendCertsFromPEM([]byte(strings.Join(tc.Anchors, "\n")))
	options.Intermediates.AppendCertsFromPEM([]byte(strings.Join(tc.Intermediates, "\n")))
	if tc.Time != nil {
		options.CurrentTime = *tc.Time
	}
	if tc.PeerName != nil {
		options.DNSName = tc.PeerName.Value
	}
	for _, name := range append([]string{tc.Kind}, tc.ExtendedKeyUsage...) {
		usage, known := usages[name]
		if !known {
			return fmt.Errorf("the usage %q is not known to this program", name)
		}
		options.KeyUsages = []x509.ExtKeyUsage{usage}
	}
	_, err = leaf.Verify(options)
	return err
}
