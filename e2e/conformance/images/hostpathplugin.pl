#!/usr/bin/perl
# The proxy mode of the CSI driver of this name: each connection to a socket on the node is joined with one to a port, on
# which the tests keep some waiting. Perl, because every Debian has it.
# Usage: hostpathplugin --endpoint=SOCKET --proxy-endpoint=tcp://:PORT
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;

my ($path, $port);
for (@ARGV) {
  if (/^--endpoint=(.+)$/) { $path = $1 }
  elsif (/^--proxy-endpoint=tcp:\/\/:(\d+)$/) { $port = $1 }
  elsif (!/^--v=/) { die "hostpathplugin: $_: only the proxy of this program is here\n" }
}
die "hostpathplugin: --endpoint and --proxy-endpoint are needed\n" unless defined $path && defined $port;
$SIG{PIPE} = 'IGNORE';
unlink $path;
my $node = IO::Socket::UNIX->new(Local => $path, Listen => 64) or die "hostpathplugin: $path: $!\n";
my $tests = IO::Socket::INET->new(LocalPort => $port, Listen => 64, ReuseAddr => 1) or die "hostpathplugin: $port: $!\n";

my $all = IO::Select->new($node, $tests);
my %waiting = ($node => [], $tests => []);    # connections without another side yet
my (%peer, %early);                           # by connection: the other side; what came before there was one

sub drop {
  my ($gone) = @_;
  for my $socket (grep { defined } $gone, $peer{$gone}) {
    $all->remove($socket);
    for my $side ($node, $tests) { $waiting{$side} = [grep { $_ != $socket } @{ $waiting{$side} }] }
    delete $early{$socket};
  }
  my $other = delete $peer{$gone};
  if (defined $other) { delete $peer{$other}; close $other }
  close $gone;
}

sub send_all {
  my ($to, $bytes) = @_;
  while (length $bytes) {
    my $sent = syswrite($to, $bytes) or return drop($to);
    substr($bytes, 0, $sent) = '';
  }
}

while (my @ready = $all->can_read) {
  for my $socket (@ready) {
    if ($socket == $node || $socket == $tests) {
      my $new = $socket->accept or next;
      $all->add($new);
      push @{ $waiting{$socket} }, $new;
    }
    elsif (defined fileno $socket) {
      sysread($socket, my $bytes, 65536) or do { drop($socket); next };
      if ($peer{$socket}) { send_all($peer{$socket}, $bytes) }
      else { $early{$socket} .= $bytes }
    }
  }
  while (@{ $waiting{$node} } && @{ $waiting{$tests} }) {
    my ($one, $other) = (shift @{ $waiting{$node} }, shift @{ $waiting{$tests} });
    ($peer{$one}, $peer{$other}) = ($other, $one);
    for ([$one, $other], [$other, $one]) {
      my $bytes = delete $early{ $_->[0] };
      send_all($_->[1], $bytes) if defined $bytes && defined fileno $_->[1];
    }
  }
}
