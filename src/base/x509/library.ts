// The library's dependency injection needs `reflect-metadata` evaluated first; importing it from here keeps the order.
import 'reflect-metadata';

export * from '@peculiar/x509';
